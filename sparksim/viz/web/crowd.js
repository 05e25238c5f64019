// Lanes with more bars than pixels: shares of time per few pixels instead of bars.

const BUCKET = 3; // pixels: the grain of a crowded lane
const [NOTHING, MIXED, DIM] = [30000, 30001, 30002]; // what a bucket holds, where it is not one style

/** The short bars of a lane. A bucket has the colour of its bars, or none where they differ; failures always show. */
class Crowd {
  constructor(row, scale, width) {
    Object.assign(this, { row, scale, buckets: Math.ceil(width / BUCKET), slots: new Map() });
  }

  /** Takes a bar that is short enough, and says so. */
  takes(start, end, slot, style, failure) {
    const { scale } = this;
    const x = scale.x(start);
    const right = scale.x(end);
    if (right - x > 2 * BUCKET) return false;
    if (!this.slots.has(slot)) {
      this.slots.set(slot, [new Float32Array(this.buckets), new Int16Array(this.buckets).fill(NOTHING), failure]);
    }
    const [shares, styles] = this.slots.get(slot);
    for (let bucket = Math.floor(x / BUCKET); bucket <= Math.floor(right / BUCKET); bucket++) {
      if (bucket < 0 || bucket >= this.buckets) continue;
      const covered = Math.min(right, (bucket + 1) * BUCKET) - Math.max(x, bucket * BUCKET);
      shares[bucket] += Math.max(covered, 0.01) / BUCKET;
      if (styles[bucket] === NOTHING || style === failure) styles[bucket] = style;
      else if (styles[bucket] !== style && styles[bucket] !== failure) styles[bucket] = MIXED;
    }
    return true;
  }

  paint(context, run, paper) {
    const colours = new Map([[MIXED, paper.crowd], [DIM, paper.dim]]);
    for (const [slot, [shares, styles, failure]] of this.slots) {
      const [top, height] = slotOf(this.row, slot);
      for (let bucket = 0; bucket < this.buckets; bucket++) {
        const style = styles[bucket];
        if (style === NOTHING) continue;
        if (!colours.has(style)) colours.set(style, styleOf(run, style).colour);
        context.fillStyle = colours.get(style);
        const tall = style === failure ? height : Math.max(2, Math.min(1, shares[bucket]) * height);
        context.fillRect(bucket * BUCKET, top + height - tall, BUCKET, tall);
      }
    }
  }
}
