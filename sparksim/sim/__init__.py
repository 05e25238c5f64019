"""Simulations: a program, the cluster it runs on, the sources that feed it, and what goes wrong."""

from sparksim.cluster.cost import CostModel
from sparksim.cluster.faults import DriverCrash, ExecutorCrash
from sparksim.sim.loads import Burst, Constant, Load, Poisson, Replay, Steps, random_words
from sparksim.sim.run import Run
from sparksim.sim.simulation import Cluster, Simulation, simulate_script
from sparksim.sim.work import work

__all__ = [
    "Burst",
    "Cluster",
    "Constant",
    "CostModel",
    "DriverCrash",
    "ExecutorCrash",
    "Load",
    "Poisson",
    "Replay",
    "Run",
    "Simulation",
    "Steps",
    "random_words",
    "simulate_script",
    "work",
]
