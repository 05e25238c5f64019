"""Masters: which texts are one, and what they mean."""

import os

import pytest

from sparksim.cluster.master_url import Master, is_master, parse_master
from sparksim.core.conf import SparkConf
from sparksim.core.context import SparkContext
from sparksim.core.errors import IllegalArgumentError, SparkException
from tests.cluster.stories import backend, cluster


@pytest.mark.parametrize(
    ("url", "master"),
    [
        ("local", Master(live=True, executors=1, cores=1, max_failures=1)),
        ("local[3]", Master(live=True, executors=1, cores=3, max_failures=1)),
        ("local[*]", Master(live=True, executors=1, cores=os.cpu_count() or 1, max_failures=1)),
        ("local[2,3]", Master(live=True, executors=1, cores=2, max_failures=3)),
        ("local[ 2 , 3 ]", Master(live=True, executors=1, cores=2, max_failures=3)),
        ("local[2,0]", Master(live=True, executors=1, cores=2, max_failures=0)),
        ("sim[3,2]", Master(live=False, executors=3, cores=2, max_failures=None)),
        ("sim[ 1 , 1 ]", Master(live=False, executors=1, cores=1, max_failures=None)),
    ],
)
def test_a_master_says_what_kind_of_cluster(url, master):
    assert is_master(url)
    assert parse_master(url) == master


@pytest.mark.parametrize("url", ["", "locl[2]", "local[]", "local[-1]", "local[2", "sim", "sim[3]", "sim[*,2]", "yarn"])
def test_other_texts_are_no_master(url):
    assert not is_master(url)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("local[0]", "Asked to run locally with 0 threads: local[0] needs at least 1, like local[2]"),
        ("sim[0,2]", "sim[0,2]: a simulated cluster needs at least one executor with one core, like sim[3,2]"),
        ("sim[2,0]", "sim[2,0]: a simulated cluster needs at least one executor with one core, like sim[3,2]"),
    ],
)
def test_a_cluster_of_nothing_is_refused(url, complaint):
    with pytest.raises(SparkException) as error:
        SparkContext(url, "app")
    assert str(error.value) == complaint


def test_a_misspelt_master_is_answered_with_examples():
    with pytest.raises(SparkException) as error:
        SparkContext("locl[2]", "app")
    assert str(error.value).startswith("Could not parse Master URL: 'locl[2]'. Use local, local[n], local[*]")


@pytest.mark.parametrize(
    ("master", "conf", "parallelism"),
    [
        ("sim[3,2]", {}, 6),
        ("sim[1,1]", {}, 2),
        ("local[3]", {}, 3),
        ("local[1]", {}, 1),
        ("sim[3,2]", {"spark.default.parallelism": "5"}, 5),
    ],
)
def test_default_parallelism_is_the_number_of_cores_and_2_at_least_in_a_cluster(master, conf, parallelism):
    with cluster(master, conf=conf) as sc:
        assert backend(sc).default_parallelism == parallelism
        assert sc.parallelize(range(100)).getNumPartitions() == parallelism


@pytest.mark.parametrize("interval", ["0", "0s"])
def test_a_revive_interval_of_nothing_is_refused(interval):
    conf = SparkConf().setMaster("sim[1,1]").setAppName("app").set("spark.scheduler.revive.interval", interval)
    with pytest.raises(IllegalArgumentError) as error:
        SparkContext(conf=conf)
    assert str(error.value) == (
        f"spark.scheduler.revive.interval={interval!r}: the period between two offers of free cores must be positive, "
        "such as 1s"
    )
