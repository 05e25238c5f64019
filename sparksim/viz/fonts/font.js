// Letters that this machine may lack: the font that comes with what is shown.

const FAMILY = "sparksim Sans SC";

/**
 * Makes the font (base64, "" for none) known to the document, once, and then calls `show`; without a font at once. What is
 * in place before the font came may keep the boxes that Chromium drew instead of letters.
 */
function useFont(base64, show) {
  const known = [...document.fonts].some(({ family }) => family.replaceAll('"', "") === FAMILY);
  if (!base64 || known) {
    show();
    return;
  }
  const face = new FontFace(FAMILY, Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)));
  const add = () => document.fonts.add(face);
  face.load().then(add, console.error).then(show);
}
