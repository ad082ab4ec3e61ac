"""What N24 says of the loss in time, data and parameters (§4, Fig 2), measured."""

import numpy as np
from scipy.special import zeta

from skillphysics.papers.claims import Claim, Data, Finding
from skillphysics.papers.intervals import mean_interval
from skillphysics.papers.nam2024.powers import EXPONENTS, all_hold, all_near, power

# S and r of `fig2`, which has its own: results are found again by the source of its module.
_SCALE, _START = 1.0, 0.01
_SUM = "summed exactly over endless skills"


def _each(data: Data, name: str) -> list[np.ndarray]:
    return [data[f"a{a}"][name].values for a in EXPONENTS]


def _exponent(data: Data, resource: str) -> Finding:
    place = f"{resource}_far"
    pairs = zip(_each(data, place), _each(data, f"loss_{place}"), strict=True)
    measured = [power(*pair) for pair in pairs]
    expected = [a if resource == "parameters" else a / (a + 1) for a in EXPONENTS]
    return all_near(measured, expected, 0.002)


def _constant(data: Data, resource: str, exponents: list[float]) -> np.ndarray:
    """The loss at the largest amount as a constant before the power law, in S²/2."""
    place = f"{resource}_far"
    pairs = zip(_each(data, place), _each(data, f"loss_{place}"), exponents, strict=True)
    return np.array([loss[-1] * amount[-1] ** x for amount, loss, x in pairs]) / (_SCALE**2 / 2)


def _time_constant(data: Data) -> Finding:
    measured = _constant(data, "time", [a / (a + 1) for a in EXPONENTS])
    return all_near(measured, [1.29, 1.20, 1.06], 0.005)


def _ratio(data: Data, resource: str) -> np.ndarray:
    place = f"{resource}_far"
    laws = zip(_each(data, f"loss_{place}"), _each(data, f"law_{place}"), strict=True)
    return np.array([loss[-1] / law[-1] for loss, law in laws])


def _data_constant(data: Data) -> Finding:
    return all_near(_ratio(data, "data"), np.ones(3), 1e-3)


def _data_plot(data: Data) -> Finding:
    with_scale = _ratio(data, "data") * (1 - _START / _SCALE) ** 2
    return all_near(
        with_scale, np.ones(3), 0.005,
        why="skills that are never seen keep r, so the loss is (1 − r/S)² = 0.980 of that",
    )  # fmt: skip


def _parameters_code(data: Data) -> Finding:
    return all_near(_ratio(data, "parameters"), np.ones(3), 1e-3)


def _parameters_text(data: Data) -> Finding:
    return all_near(
        _constant(data, "parameters", list(EXPONENTS)), np.ones(3), 0.05,
        why="1/(a ζ(a+1)) is 1 only in the limit a → 0: "
        + ", ".join(f"{1 / (a * zeta(a + 1)):.3f}" for a in EXPONENTS),
    )  # fmt: skip


def _worst(loss: np.ndarray, law: np.ndarray) -> float:
    """The largest deviation over the last half of a published range."""
    half = loss.size // 2
    return float(np.abs(loss[half:] / law[half:] - 1).max())


def _in_range(data: Data) -> Finding:
    """Deviations of the laws of N24 from the sums; A_N is that of finitely many skills."""
    worst, without, with_missing = [], [], []
    for resource in ("time", "data", "parameters"):
        for part in (data[f"a{a}"] for a in EXPONENTS):
            a, place = float(part["exponent_of_skills"]), f"{resource}_near"
            loss, law = part[f"loss_{place}"].values, part[f"law_{place}"].values
            if resource == "parameters":
                without.append(_worst(loss, law))
                law = law * (1 - (part[place].values / float(part.n_task)) ** a)
            else:
                with_missing.append(_worst(loss + float(part.missing_skills), law))
            worst.append(_worst(loss, law))
    told = [", ".join(f"{one:.3f}" for one in some) for some in (without, with_missing)]
    return all_hold(
        [one < 0.1 for one in worst], worst,
        "order T, D, N, each a = 0.3, 0.6, 0.9. In N the constant is that of 1e5 skills, "
        f"A_N (1−(N/n_s)^a); without the factor, as plotted, deviations are {told[0]}. In T and D "
        f"the law lacks the skills that are not there: with their L_C added they are {told[1]}",
    )  # fmt: skip


def _finite_skills(data: Data) -> Finding:
    """Sum over S² (1−(N/n_s)^a) N^−a/(2aζ) in the published range, from N = 10 on."""
    worst = []
    for part in (data[f"a{a}"] for a in EXPONENTS):
        amount, a = part.parameters_near.values, float(part["exponent_of_skills"])
        law = part.law_parameters_near.values * (1 - (amount / float(part.n_task)) ** a)
        ratio = (part.loss_parameters_near.values / law)[amount >= 10]
        worst.append(ratio[np.abs(ratio - 1).argmax()])
    return all_near(
        worst, np.ones(3), 0.05,
        why="furthest from 1 at N = 10, where the sum over k > N is an integral from N + 1/2",
    )  # fmt: skip


def _with_basis(data: Data, resource: str) -> Finding:
    """Sum over law where N grows with the resource, for every a and λ."""
    together = np.array(_each(data, f"with_basis_{resource}"))
    alone = np.array(_each(data, f"without_basis_{resource}"))
    told = ", ".join(f"{one:.2f}" for one in alone.max(0))
    return all_near(
        together.ravel(), np.ones(together.size), 0.01,
        why=f"for each a at λ = 0.3, 1, 3; over the law of endless N the sum is up to {told}",
    )  # fmt: skip


def _expected_unseen(data: Data) -> Finding:
    """Drawn over expected Σ P_k of unseen skills, in each size of data set."""
    part = data["trained"]
    p, samples = part.frequency.values, part.samples.values
    expected = [(p * (1 - p) ** n).sum() for n in samples]
    drawn = part.unseen.transpose("samples", "draw").values
    found = [mean_interval(one / x) for one, x in zip(drawn, expected, strict=True)]
    ends = ", ".join(f"{low:.4f} to {high:.4f}" for _, (low, high) in found)
    near_one = [max(abs(low - 1), abs(high - 1)) < 0.02 for _, (low, high) in found]
    return all_hold(
        near_one, [mean for mean, _ in found],
        f"95 %: {ends}, of {drawn.shape[1]} data sets each; single ones scatter by "
        + ", ".join(f"{one.std() / x:.0%}" for one, x in zip(drawn, expected, strict=True)),
    )  # fmt: skip


def _one_shot(data: Data) -> Finding:
    trained = data["trained"]
    once = trained.level.where(trained["count"] == 1)
    never = trained.level.where(trained["count"] == 0)
    ends = [float(once.min()), float(never.max())]
    return all_near(ends, [1.0, _START / _SCALE], 0.01)


def _keeps_start(data: Data) -> Finding:
    trained = data["trained"]
    unseen = (trained.frequency.where(trained["count"] == 0)).sum("skill")
    ratio = trained.loss / (_SCALE**2 / 2 * unseen)
    return all_near([ratio.min(), ratio.max()], [(1 - _START / _SCALE) ** 2] * 2, 1e-3)


CLAIMS = (
    *(
        Claim(
            id=f"nam2024/fig2/exponent-{resource}",
            where="N24 §4, Table 2, Fig 2",
            claim=f"With everything else endless the loss is a power law in {resource}.",
            expected=f"exponent {expected} at a = 0.3, 0.6, 0.9",
            tolerance=f"0.002: fitted from 1e5 to 1e8, {_SUM}",
            measure=lambda data, resource=resource: _exponent(data, resource),
        )
        for resource, expected in (
            ("time", "a/(a+1)"),
            ("data", "a/(a+1)"),
            ("parameters", "a"),
        )
    ),
    Claim(
        id="nam2024/fig2/constant-time",
        where="N24 Fig 2",
        claim="The constants before the law in time, in units of S²/2.",
        expected="1.29, 1.20, 1.06 at a = 0.3, 0.6, 0.9",
        tolerance=f"0.005, their last digit; at T = 1e8, {_SUM}",
        measure=_time_constant,
    ),
    Claim(
        id="nam2024/fig2/constant-data",
        where="N24 App J",
        claim="The constant in data is (S−r)² ζ^(−1/(a+1)) Γ(a/(a+1)) / (2(a+1)).",
        expected="sum/law 1 at a = 0.3, 0.6, 0.9",
        tolerance=f"0.001: at D = 1e8 what is neglected is of order 1/D; {_SUM}",
        measure=_data_constant,
    ),
    Claim(
        id="nam2024/fig2/constant-data-plot",
        where="N24 Fig 2, code",
        claim="The constant in data is S² ζ^(−1/(a+1)) Γ(a/(a+1)) / (2(a+1)), as plotted.",
        expected="sum/law 1 at a = 0.3, 0.6, 0.9",
        tolerance="0.005: a quarter of the difference between the two",
        measure=_data_plot,
    ),
    Claim(
        id="nam2024/fig2/constant-parameters",
        where="N24 Fig 2, code",
        claim="The constant in parameters is S²/(2aζ).",
        expected="sum/law 1 at a = 0.3, 0.6, 0.9",
        tolerance=f"0.001: at N = 1e8 what is neglected is of order 1/N; {_SUM}",
        measure=_parameters_code,
    ),
    Claim(
        id="nam2024/fig2/constant-parameters-text",
        where="N24 methods section",
        claim="The constant in parameters is S²/2.",
        expected="1 in units of S²/2",
        tolerance="0.05: it is meant as an approximation ζ ≈ 1/a",
        measure=_parameters_text,
    ),
    Claim(
        id="nam2024/fig2/published-range",
        where="N24 Fig 2",
        claim="In the published ranges the laws with their constants describe the curves.",
        expected="deviation 0 in the upper half of each axis",
        tolerance="0.1: what can be seen on the published axes",
        measure=_in_range,
    ),
    Claim(
        id="nam2024/fig2/constant-parameters-finite",
        where="N24 App J",
        claim="With n_s skills the constant in parameters is S² (1−(N/n_s)^a)/(2aζ).",
        expected="sum/law 1 at a = 0.3, 0.6, 0.9, for 1e5 skills and N from 10 to 100",
        tolerance="0.05: of order 1/(2N) at N = 10",
        measure=_finite_skills,
    ),
    Claim(
        id="nam2024/fig2/time-with-parameters",
        where="N24 App J",
        claim="Where N = λ (ηST)^(1/(a+1)) the loss is A(λ) (ηST)^(−a/(a+1)).",
        expected="sum/law 1 for λ = 0.3, 1, 3 at a = 0.3, 0.6, 0.9",
        tolerance=f"0.01: at ηST = 1e8, {_SUM}",
        measure=lambda data: _with_basis(data, "time"),
    ),
    Claim(
        id="nam2024/fig2/data-with-parameters",
        where="N24 App J",
        claim="Where N = λ D^(1/(a+1)) the Γ of the constant in data becomes the incomplete Γ, "
        "and the parameters' loss is added.",
        expected="sum/law 1 for λ = 0.3, 1, 3 at a = 0.3, 0.6, 0.9",
        tolerance=f"0.01: at D = 1e8, {_SUM}",
        measure=lambda data: _with_basis(data, "data"),
    ),
    Claim(
        id="nam2024/fig2/expected-unseen",
        where="N24 App J",
        claim="Over data sets of D samples the share of skills unseen is Σ P_k (1−P_k)^D.",
        expected="drawn/expected 1 for D = 10, 30, 100, of 200 skills at a = 0.6",
        tolerance="0.02, with the 95 % interval of drawn data sets",
        measure=_expected_unseen,
    ),
    Claim(
        id="nam2024/fig2/one-shot",
        where="N24 §4",
        claim="The model learns a skill from one sample, and without a sample not at all, so "
        "that D samples leave Σ P_k (1−P_k)^D.",
        expected="level 1 of every skill seen once, r/S = 0.01 of every skill never seen",
        tolerance="0.01: training ends after 20 D steps of the largest D",
        measure=_one_shot,
    ),
    Claim(
        id="nam2024/fig2/start-kept",
        where="N24 App J against code",
        claim="What is left after training on D samples is (S−r)²/2 of the skills unseen.",
        expected="0.9801 of S²/2, the least and the largest over data sets",
        tolerance="0.001: what seen skills still lack",
        measure=_keeps_start,
    ),
)
"""All claims, of the data of `fig2`."""
