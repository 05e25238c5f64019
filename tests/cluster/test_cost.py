"""Prices: what a cost model accepts, and how noise is drawn."""

import math
import random

import pytest

from sparksim.cluster.cost import FREE, PRESETS, TEACHING, CostModel, Prices, cost_model
from sparksim.cluster.seeds import Seeds
from sparksim.core.errors import IllegalArgumentError


@pytest.mark.parametrize(
    ("prices", "complaint"),
    [
        ({"task_ms": -1}, "CostModel(task_ms=-1): a cost is a number of milliseconds, 0 or more"),
        ({"record_ms": "1"}, "CostModel(record_ms='1'): a cost is a number of milliseconds, 0 or more"),
        ({"stage_ms": math.nan}, "CostModel(stage_ms=nan): a cost is a number of milliseconds, 0 or more"),
        ({"stage_ms": math.inf}, "CostModel(stage_ms=inf): a cost is a number of milliseconds, 0 or more"),
        ({"noise": "loud"}, "CostModel(noise='loud'): the noise is a number"),
    ],
)
def test_a_price_is_a_number_from_0_on(prices, complaint):
    with pytest.raises(IllegalArgumentError) as error:
        CostModel(**prices)
    assert str(error.value) == complaint
    with pytest.raises(IllegalArgumentError) as error:
        TEACHING.with_(**prices)
    assert str(error.value) == complaint


def test_a_model_with_some_prices_changed():
    cheap = TEACHING.with_(task_ms=1, noise=0.5)
    assert (cheap.task_ms, cheap.noise, cheap.record_ms) == (1, 0.5, TEACHING.record_ms)


def test_a_price_that_does_not_exist_is_named():
    with pytest.raises(IllegalArgumentError, match="CostModel has no price 'tsk_ms'; it has generate_ms, "):
        TEACHING.with_(tsk_ms=1)


def test_presets_have_names():
    assert cost_model("teaching") is TEACHING
    assert cost_model("free") is FREE
    assert cost_model(FREE) is FREE


@pytest.mark.parametrize("choice", ["cheap", None, {}, 3])
def test_an_unknown_preset_is_refused(choice):
    with pytest.raises(IllegalArgumentError) as error:
        cost_model(choice)
    assert str(error.value) == (f"cost={choice!r} is not a preset; use one of {', '.join(PRESETS)} or a CostModel(...)")


def test_without_noise_a_price_is_the_price():
    prices = Prices(TEACHING, Seeds(0).generator("prices"))
    assert [prices.draw(20), prices.draw(0.12345), prices.draw(0), prices.factor()] == [20, 0.123, 0, 1]


def test_noise_is_the_same_for_the_same_seed_and_in_whole_microseconds():
    noisy = TEACHING.with_(noise=0.3)
    first, again, other = (Prices(noisy, Seeds(seed).generator("prices")) for seed in (7, 7, 8))
    drawn = [first.draw(20) for _ in range(100)]
    assert drawn == [again.draw(20) for _ in range(100)]
    assert drawn != [other.draw(20) for _ in range(100)]
    assert drawn == [round(price_ms, 3) for price_ms in drawn]
    assert min(drawn) < 20 < max(drawn)


def test_negative_noise_is_the_mirror_image():
    loud, mirrored = (Prices(TEACHING.with_(noise=noise), random.Random(3)) for noise in (0.3, -0.3))
    for _ in range(5):
        assert loud.factor() * mirrored.factor() == pytest.approx(1, abs=0.001)


def test_a_price_of_nothing_draws_no_noise():
    noisy = TEACHING.with_(noise=0.3)
    one, two = (Prices(noisy, Seeds(7).generator("prices")) for _ in range(2))
    one.draw(0)
    assert one.draw(20) == two.draw(20)


def test_generators_are_independent_of_each_other():
    seeds = Seeds(1)
    assert seeds.generator("a").random() == Seeds(1).generator("a").random()
    assert len({seeds.generator("a").random(), seeds.generator("b").random(), Seeds(2).generator("a").random()}) == 3
