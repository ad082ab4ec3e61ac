"""What learning times tell about frequencies: measured on small networks of known frequencies.

    python studies/rates_and_frequencies.py OUT [--quick]

Trains the networks of `studies/networks.py` (25 minutes on one core; the curves are kept in OUT and
not trained again), and prints κ of each, the prior of κ and of the scatters over networks, how
often 90 % intervals hold the truth on networks that the prior has not seen, and whether κ can be
predicted from what a network is. `--quick` takes a seed each of eight networks (2 minutes).
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy.optimize
import scipy.special
import scipy.stats

from networks import FRESH, FULL, VARIED, Setting
from skillphysics import Curves
from skillphysics.inference.line import Prior
from skillphysics.inference.occurrence import (
    PRIORS,
    frequency_law,
    infer_frequencies,
    relative_times,
)

FEWEST = 4
"""Skills that a run must have learned to count."""

_LOG_KAPPA = np.linspace(np.log(0.2), np.log(3.0), 45)
_LOG_SIGMA = np.linspace(np.log(0.03), np.log(1.2), 22)
_FIRST = (0.0, 0.2, 0.3, 0.4, 0.5, 0.65)


class Times(NamedTuple):
    """ln p [n_skill] and ln t [n_run, n_skill] of a network; NaN where a skill is not learned."""

    log_frequency: np.ndarray
    log_time: np.ndarray

    def runs(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Logarithms of p and t of the learned skills, for each run with enough of them."""
        learned = [np.isfinite(row) for row in self.log_time]
        return [
            (self.log_frequency[of], row[of])
            for of, row in zip(learned, self.log_time, strict=True)
            if of.sum() >= FEWEST
        ]


def measured(settings: Mapping[str, Setting], out: Path) -> dict[str, Times]:
    """The networks of which a run learns enough, trained where that is not done yet."""
    found = {}
    for name, setting in settings.items():
        path = out / f"{name.replace(', ', '+').replace(' ', '-')}.nc"
        if not path.exists():
            setting.train().save(path)
        half = Curves.load(path).learning_time(0.5).values
        half = np.log(np.where(np.isfinite(half) & (half > 0), half, np.nan))
        times = Times(np.log(setting.skills.probability), half)
        if times.runs():
            found[name] = times
    return found


class Fitted(NamedTuple):
    """Least squares through all skills of a run, and through all but the one learned first."""

    kappa: float
    scatter: float
    kappa_of_later: float
    first: float
    """By how much ln t of the first skill lies below the line through the later ones."""


def least_squares(log_frequency: np.ndarray, log_time: np.ndarray) -> Fitted:
    """Slopes and residuals of a run."""
    later = np.arange(log_time.size) != np.argmin(log_time)
    whole = np.polyfit(-log_frequency, log_time, 1)
    rest = np.polyfit(-log_frequency[later], log_time[later], 1)
    residual = log_time - np.polyval(whole, -log_frequency)
    above = np.polyval(rest, -log_frequency[~later]) - log_time[~later]
    scatter = np.sqrt((residual**2).sum() / (residual.size - 2))
    return Fitted(whole[0], scatter, rest[0], float(above[0]))


def likelihood(log_frequency: np.ndarray, log_time: np.ndarray) -> np.ndarray:
    """The logarithm of the likelihood of a run on the grid [φ, κ, σ], c integrated out."""
    kappa = np.exp(_LOG_KAPPA)[:, None, None]
    first = np.arange(log_time.size) == np.argmin(log_time)
    planes = []
    for further in _FIRST:
        variance = np.exp(2 * _LOG_SIGMA)[:, None] + further**2 * first
        weight = 1 / variance
        rest = log_time + kappa * log_frequency
        rest = rest - (weight * rest).sum(-1, keepdims=True) / weight.sum(-1, keepdims=True)
        chi2 = (weight * rest**2).sum(-1)
        planes.append(-(chi2 + np.log(variance).sum(-1) + np.log(weight.sum(-1))) / 2)
    return np.array(planes)


class Sample(NamedTuple):
    """Likelihoods of runs [n_run, φ, κ, σ], the weight of each, its network's name."""

    likelihood: np.ndarray
    weight: np.ndarray
    name: np.ndarray

    @classmethod
    def of(cls, networks: Mapping[str, Times]) -> "Sample":
        """All runs; those of one network have one weight together."""
        rows = [
            (likelihood(*run), 1 / len(times.runs()), name)
            for name, times in networks.items()
            for run in times.runs()
        ]
        return cls(*(np.array(column) for column in zip(*rows, strict=True)))

    def without(self, name: str) -> "Sample":
        """The runs of other networks."""
        return Sample(*(column[self.name != name] for column in self))


def fit_prior(sample: Sample, start: Prior | None = None) -> Prior:
    """The prior of greatest marginal likelihood; with a start, its φ is kept."""
    best: tuple[float, Prior] | None = None
    for place, further in enumerate(_FIRST):
        if start is not None and further != start.first_sd:
            continue
        plane = sample.likelihood[:, place]
        top = plane.max((1, 2), keepdims=True)
        ratio = np.exp(plane - top)

        def loss(free: np.ndarray, ratio: np.ndarray = ratio, top: np.ndarray = top) -> float:
            of_kappa = _shares(_LOG_KAPPA, free[0], free[1])
            of_sigma = _shares(_LOG_SIGMA, free[2], free[3])
            marginal = np.einsum("rks,k,s->r", ratio, of_kappa, of_sigma)
            # The spread of σ is hard to see in few networks; it is held near 0.4.
            return float(
                (free[3] - np.log(0.4)) ** 2 / 2
                - sample.weight @ (np.log(marginal + 1e-300) + top[:, 0, 0])
            )

        x0 = [0.07, np.log(0.18), np.log(0.15), np.log(0.4)]
        if start is not None:
            x0 = [start[0], np.log(start[1]), start[2], np.log(start[3])]
        options = {"xatol": 0.01, "fatol": 0.01, "maxiter": 250}
        found = scipy.optimize.minimize(loss, x0, method="Nelder-Mead", options=options)
        m, t, s, u = found.x
        if best is None or found.fun < best[0]:
            best = found.fun, Prior(m, float(np.exp(t)), s, float(np.exp(u)), further)
    assert best is not None  # noqa: S101
    return best[1]


def _shares(nodes: np.ndarray, mean: float, log_sd: float) -> np.ndarray:
    share = np.exp(-(((nodes - mean) / np.exp(log_sd)) ** 2) / 2)
    return share / share.sum()


Known = Callable[[np.ndarray], np.ndarray]
"""Which skills have a known frequency, as places in the order of learning."""

KNOWN: dict[str, Known] = {
    "first, middle, last": lambda order: order[[0, order.size // 2, -1]],
    "first three": lambda order: order[:3],
}


def trials(times: Times, prior: Prior) -> dict[str, np.ndarray]:
    """Whether intervals hold the frequency, their half width and the error, by what is known."""
    rows: dict[str, list[tuple[float, float, float]]] = {"nothing": [], **{k: [] for k in KNOWN}}
    for log_frequency, log_time in times.runs():
        time = np.exp(log_time)
        first, log_ratio = infer_frequencies(time, prior=prior)
        true = log_frequency - log_frequency[first]
        others = np.arange(time.size) != first
        rows["nothing"] += _rows(true[others], *(x[others] for x in log_ratio))
        for name, known in KNOWN.items():
            of = known(np.argsort(log_time))
            if np.ptp(log_frequency[of]) < 1e-6:
                continue
            given = np.full(time.size, np.nan)
            given[of] = np.exp(log_frequency[of])
            inferred = [np.log(x) for x in frequency_law(time, given, prior=prior).frequency]
            others = np.isnan(given)
            rows[name] += _rows(log_frequency[others], *(x[others] for x in inferred))
    return {name: np.array(row).reshape(-1, 3) for name, row in rows.items()}


def _rows(
    true: np.ndarray, median: np.ndarray, low: np.ndarray, high: np.ndarray
) -> list[tuple[float, float, float]]:
    held = (low <= true) & (true <= high)
    return list(zip(held.astype(float), (high - low) / 2, true - median, strict=True))


def print_coverage(title: str, tried: list[dict[str, np.ndarray]]) -> None:
    """Coverage pooled over skills and averaged over networks, and the width as a factor."""
    print(f"\n{title}: {len(tried)} networks, 90 % intervals of a frequency")
    print(f"{'known frequencies':22}{'skills':>8}{'pooled':>8}{'networks':>10}{'factor':>8}")
    for name in ("nothing", *KNOWN):
        each = [one[name] for one in tried if len(one[name])]
        if not each:
            continue
        every = np.concatenate(each)
        mean = np.mean([one[:, 0].mean() for one in each])
        factor = np.exp(np.median(every[:, 1]))
        print(f"{name:22}{len(every):8}{every[:, 0].mean():8.3f}{mean:10.3f}{factor:8.2f}")


def print_table(settings: Mapping[str, Setting], networks: Mapping[str, Times]) -> None:
    """κ of every network with its 90 % interval, over runs, and the scatters."""
    print(f"\n{'network':28}{'runs':>5}{'skills':>7}{'κ':>7}{'90 %':>13}{'σ':>7}", end="")
    print(f"{'κ later':>9}{'first':>7}{'seeds':>7}")
    for name, times in networks.items():
        fits = np.array([least_squares(*run) for run in times.runs()]).mean(0)
        mean = times.log_time[np.isfinite(times.log_time).sum(1) >= FEWEST].mean(0)
        law = frequency_law(
            np.exp(mean), settings[name].skills.probability,
            prior=Prior(0.0, 1.0, np.log(0.2), 1.0, 0.0),
        )  # fmt: skip
        ends = f"{law.kappa.low[0]:.2f}–{law.kappa.high[0]:.2f}"
        seeds = f"{np.sqrt(seed_variance(times)[0]):.2f}"
        learned = np.isfinite(times.log_time).sum(1).max()
        print(f"{name:28}{len(times.runs()):5}{learned:7}{fits[0]:7.2f}{ends:>13}", end="")
        print(f"{fits[1]:7.2f}{fits[2]:9.2f}{fits[3]:+7.2f}{seeds:>7}")


def seed_variance(times: Times) -> tuple[float, int]:
    """The variance of ln t over seeds beside a shift of all skills, and its degrees of freedom."""
    every = times.log_time[:, np.isfinite(times.log_time).all(0)]
    freedom = (every.shape[0] - 1) * (every.shape[1] - 1)
    if freedom <= 0:
        return np.nan, 0
    rest = every - every.mean(0)
    rest = rest - rest.mean(1, keepdims=True)
    return float((rest**2).sum() / freedom), freedom


def print_seeds(networks: Mapping[str, Times]) -> None:
    """The scatter over seeds, and ln(t_i/t_1) of a seed predicted from the others."""
    pairs = [pair for times in networks.values() if (pair := seed_variance(times))[1] >= 2]
    variance, freedom = (np.array(column) for column in zip(*pairs, strict=True))

    def loss(free: np.ndarray) -> float:
        scaled = variance / np.exp(free[0])
        return -float((scipy.stats.f.logpdf(scaled, freedom, np.exp(free[1])) - free[0]).sum())

    found = scipy.optimize.minimize(loss, [np.log(0.02), 1.0], method="Nelder-Mead").x
    print(f"\nScatter of ln t over seeds: {np.exp(found[0] / 2):.3f}, ", end="")
    print(f"{np.exp(found[1]):.1f} degrees of freedom over {len(pairs)} networks")
    rows: dict[int, list[tuple[float, float]]] = {}
    for times in networks.values():
        every = times.log_time[:, np.isfinite(times.log_time).all(0)]
        n_run = len(every)
        if n_run < 2 or every.shape[1] < FEWEST:
            continue
        for left_out in range(n_run):
            others = np.delete(every, left_out, 0)
            first, (median, _, high) = relative_times(np.exp(others))
            # The variance of a mean of n runs is σ²/n, that of its difference from one more is
            # σ²/n + σ².
            reach = (high - median) * np.sqrt(n_run)
            error = np.abs(every[left_out] - every[left_out, first] - median)
            of = np.arange(error.size) != first
            held = (error <= reach).astype(float)
            rows.setdefault(n_run - 1, []).extend(zip(held[of], reach[of], strict=True))
    for n_run, row in sorted(rows.items()):
        held, reach = np.array(row).T
        print(
            f"ln(t_i/t_1) of one more seed, from {n_run}: {len(row)} intervals, coverage ", end=""
        )
        print(f"{held.mean():.3f}, median factor {np.exp(np.median(reach)):.2f}")


def features(setting: Setting, times: Times) -> dict[str, float]:
    """What might set κ."""
    s, log_p = setting, times.log_frequency
    b2 = s.options.get("b2", 0.999)
    batch = s.batch_size if s.batch_size is not None else 1
    return {
        "SGD": s.optimizer == "sgd",
        "SignGD": s.optimizer in ("sign_gd", "signum", "lion"),
        "Adam": s.optimizer == "adam",
        "skills per e-fold of p": (len(log_p) - 1) / np.ptp(log_p),
        "skills": np.log(len(log_p)),
        "order 3": s.order == 3,
        "two layers": s.depth == 2,
        "mse": s.criterion == "mse",
        "joint": s.criterion == "joint",
        "batch size": np.log(batch),
        "width": np.log(s.width),
        "draws in Adam's memory": np.log(batch * np.exp(log_p.min()) / (1 - b2))
        * (s.optimizer == "adam"),
        "small start": s.init != "torch",
        "time of the first": min(row.min() for _, row in times.runs()),
        "range of ln p": float(np.ptp(log_p)),
    }


def print_causes(settings: Mapping[str, Setting], networks: Mapping[str, Times]) -> None:
    """How much of the variance of ln κ each feature, and all, predict on networks left out."""
    # Where frequencies hardly differ there is no κ to speak of.
    networks = {n: times for n, times in networks.items() if np.ptp(times.log_frequency) > 1}
    rows = [features(settings[name], times) for name, times in networks.items()]
    x = np.array([list(row.values()) for row in rows], float)
    fits = [[least_squares(*run) for run in times.runs()] for times in networks.values()]
    print(f"\nVariance of ln κ explained on networks left out, of {len(rows)} networks")
    print(f"{'':26}{'all skills':>12}{'later ones':>12}")
    targets = [
        np.log([np.mean([one.kappa for one in each]) for each in fits]),
        np.log([np.mean([one.kappa_of_later for one in each]) for each in fits]),
    ]
    columns = {name: [place] for place, name in enumerate(rows[0])}
    for name, of in {**columns, "all of these": list(range(x.shape[1]))}.items():
        print(f"{name:26}" + "".join(f"{explained(x[:, of], y):12.2f}" for y in targets))


def explained(x: np.ndarray, y: np.ndarray) -> float:
    """1 − (squared error of ridge regression) / (that of the mean), each point left out in turn."""
    errors = []
    for left_out in range(len(y)):
        others = np.arange(len(y)) != left_out
        mean, scale = x[others].mean(0), x[others].std(0) + 1e-9
        a, b = (x[others] - mean) / scale, y[others] - y[others].mean()
        slope = np.linalg.solve(a.T @ a + 3 * np.eye(a.shape[1]), a.T @ b)
        base = y[left_out] - y[others].mean()
        errors.append((base - (x[left_out] - mean) / scale @ slope, base))
    ours, theirs = (np.array(errors) ** 2).sum(0)
    return float(1 - ours / theirs)


def study(title: str, settings: Mapping[str, Setting], networks: Mapping[str, Times]) -> Prior:
    """Table, prior, and coverage on each network with the prior of the others."""
    print_table(settings, networks)
    sample = Sample.of(networks)
    prior = fit_prior(sample)
    print(f"\n{title}: κ {np.exp(prior.log_kappa):.3f}, ln κ ± {prior.log_kappa_sd:.3f}; ", end="")
    print(f"σ {np.exp(prior.log_sigma):.3f}, ln σ ± {prior.log_sigma_sd:.2f}; ", end="")
    print(f"first skill ± {prior.first_sd:.2f}")
    left_out = [
        trials(times, fit_prior(sample.without(name), prior)) for name, times in networks.items()
    ]
    print_coverage(f"{title}, prior from the other networks", left_out)
    return prior


def main() -> None:
    """Train, and print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    if arguments.quick:
        few = {name: replace(FRESH[name], seeds=1) for name in list(FRESH)[:8]}
        study("Fresh batches, quick", few, measured(few, out))
        return
    fresh, varied, full = (measured(group, out) for group in (FRESH, VARIED, FULL))
    prior = study("Fresh batches", FRESH, fresh)
    print_table(VARIED, varied)
    tried = [trials(times, prior) for times in varied.values()]
    print_coverage("Varied networks, prior from the networks above", tried)
    settings = {**FRESH, **VARIED}
    every = {n: trials(t, PRIORS["fresh"]) for n, t in {**fresh, **varied}.items()}
    print_coverage("Fresh batches, prior of the package", list(every.values()))
    for kind in ("sgd", "sign_gd", "adam"):
        of_kind = [tried for name, tried in every.items() if settings[name].optimizer == kind]
        print_coverage(f"Fresh batches, {kind} only, prior of the package", of_kind)
    study("Full batches", FULL, full)
    tried = [trials(times, PRIORS["full"]) for times in full.values()]
    print_coverage("Full batches, prior of the package", tried)
    print_seeds({**fresh, **varied, **full})
    print_causes(settings, {**fresh, **varied})


if __name__ == "__main__":
    main()
