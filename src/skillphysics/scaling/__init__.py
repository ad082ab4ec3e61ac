"""Scaling laws: how the loss falls with training time, data, parameters and compute."""

from skillphysics.numerics.binomial import binomial_mean
from skillphysics.numerics.zipf import Sum, Zipf
from skillphysics.scaling.decoupled import Decoupled
from skillphysics.scaling.exponents import LAWS, RESOURCES, exponent
from skillphysics.scaling.extended import (
    Calibration,
    basis_strength,
    calibrate_basis,
    calibrate_shots,
    calibrate_time,
    shot_strength,
)
from skillphysics.scaling.laws import Condition, ScalingLaw, scaling_law
from skillphysics.scaling.prefactors import (
    Allocation,
    compute_optimal,
    compute_optimal_exact,
    compute_prefactor,
    compute_ratio,
    data_prefactor,
    few_skill_correction,
    parameter_prefactor,
    time_prefactor,
)

__all__ = [
    "LAWS",
    "RESOURCES",
    "Allocation",
    "Calibration",
    "Condition",
    "Decoupled",
    "ScalingLaw",
    "Sum",
    "Zipf",
    "basis_strength",
    "binomial_mean",
    "calibrate_basis",
    "calibrate_shots",
    "calibrate_time",
    "compute_optimal",
    "compute_optimal_exact",
    "compute_prefactor",
    "compute_ratio",
    "data_prefactor",
    "exponent",
    "few_skill_correction",
    "parameter_prefactor",
    "scaling_law",
    "shot_strength",
    "time_prefactor",
]
