"""Size and correlation of the residuals, weighted by their effect on a parameter.

The standard errors of a log are not the whole error: checkpoints are scored on the same questions,
and no theory is exactly right. Both make residuals too large, or similar at neighbouring
checkpoints. Size and correlation are therefore estimated from the residuals. Each residual is
weighted by its effect on the parameter, so checkpoints after everything is learned neither shrink
an interval nor count as evidence. The estimate corrects for the correlated errors that the fit has
absorbed.
"""

from typing import NamedTuple

import numpy as np

# Lag-one correlations to try. At the last one residuals hardly change over a run.
_CORRELATIONS = np.append(np.arange(0, 0.9, 0.1), [0.9, 0.95])


class Noise(NamedTuple):
    """Size and correlation of the errors that affect one kind of parameter.

    Attributes:
        scale: standard deviation of the errors, in units of the given standard errors and at least
            1, or in level if none are given.
        correlation: ρ of neighbouring checkpoints of a skill; ρ^k at a distance of k checkpoints.
        dof: effective number of independent residuals that determine the scale.
    """

    scale: float
    correlation: float
    dof: float

    @property
    def inflation(self) -> float:
        """Variance of a mean over many checkpoints, in units of independent errors of size 1."""
        return self.scale**2 * (1 + self.correlation) / (1 - self.correlation)

    def matrix(self, place: np.ndarray) -> np.ndarray:
        """Correlations ρ^|difference of places| between checkpoints, [n_step, n_step].

        Example:
            >>> Noise(1.0, 0.5, 10.0).matrix(np.array([0, 1, 3]))
            array([[1.   , 0.5  , 0.125],
                   [0.5  , 1.   , 0.25 ],
                   [0.125, 0.25 , 1.   ]])
        """
        return _correlations(self.correlation, place)


def measure_noise(
    residual: np.ndarray, measured: np.ndarray, jacobian: np.ndarray, *, known: bool
) -> tuple[list[Noise], Noise]:
    """The noise that affects each kind of parameter, and that of all residuals equally weighted.

    With Q an orthonormal basis of a skill's own Jacobian, residuals are e = (I − QQᵀ)ε. For errors
    ε of variance s² with correlations R(ρ), E[eeᵀ] = s² (I − QQᵀ) R (I − QQᵀ). ρ is the one at
    which the expected correlation of neighbours is the observed one, s² the ratio of observed and
    expected squares. Points are weighted by the squared influence that they have on the parameter,
    and skills are pooled. A scale is at least that of all residuals alike.

    Args:
        residual: in standard errors, [n_run, n_step, n_skill], 0 where not measured.
        measured: where levels are measured, shaped like `residual`.
        jacobian: derivatives of the weighted levels by each skill's own parameters,
            [n_own, n_run, n_step, n_skill], 0 where not measured.
        known: whether standard errors are given, which bound the scale from below.
    """
    n_run, n_step, n_skill = residual.shape
    rows = np.moveaxis(jacobian, (3, 0), (0, 3)).reshape(n_skill, n_run * n_step, -1)
    basis, influence = _basis(rows)
    shares = [measured.astype(float)]
    for kind in range(jacobian.shape[0]):
        share = np.moveaxis(influence[:, :, kind].reshape(n_skill, n_run, n_step), 0, -1) ** 2
        shares.append(share / np.maximum(share.sum((0, 1)), 1e-300))
    basis = np.moveaxis(basis.reshape(n_skill, n_run, n_step, -1), 0, 2)
    alike, *own = _sizes(residual, measured, basis, np.array(shares))
    own = [
        noise if noise.scale >= alike.scale else noise._replace(scale=alike.scale, dof=alike.dof)
        for noise in own
    ]
    least = 1.0 if known else 0.0
    raised = [noise._replace(scale=max(noise.scale, least)) for noise in (*own, alike)]
    return raised[:-1], raised[-1]


def places(measured: np.ndarray) -> np.ndarray:
    """Index of each step among the steps with a measurement, [n_step]."""
    return np.maximum(np.cumsum(measured.any((0, 2))) - 1, 0)


def _sizes(
    residual: np.ndarray, measured: np.ndarray, basis: np.ndarray, shares: np.ndarray
) -> list[Noise]:
    """Scale and correlation of the errors behind residuals, for each of several weightings."""
    after = _next(measured)
    both = measured & (after >= 0)
    after = np.maximum(after, 0)
    pairs = np.array(
        [np.sqrt(share * np.take_along_axis(share, after, 1)) * both for share in shares]
    )
    square = np.einsum("srtk,rtk->s", shares, residual**2)
    product = np.einsum("srtk,rtk->s", pairs, residual * np.take_along_axis(residual, after, 1))
    place = places(measured)
    squares, products = np.empty((2, _CORRELATIONS.size, len(shares)))
    for i, rho in enumerate(_CORRELATIONS):
        variance, lagged = _expected(basis, after, place, rho)
        squares[i] = np.einsum("srtk,rtk->s", shares, variance)
        products[i] = np.einsum("srtk,rtk->s", pairs, lagged)
    noises = []
    for s, share in enumerate(shares):
        ratio = np.maximum.accumulate(products[:, s] / np.maximum(squares[:, s], 1e-300))
        observed = product[s] / square[s] if square[s] > 0 else 0.0
        rho = float(np.interp(observed, ratio, _CORRELATIONS))
        expected = float(np.interp(rho, _CORRELATIONS, squares[:, s]))
        scale = np.sqrt(square[s] / max(expected, 1e-300))
        count = share.sum() ** 2 / max((share**2).sum(), 1e-300)
        spent = count * (basis**2).sum() / max(measured.sum(), 1)
        dof = count * (1 - rho**2) / (1 + rho**2) - spent
        noises.append(Noise(float(scale), rho, float(max(dof, 3.0))))
    return noises


def _next(measured: np.ndarray) -> np.ndarray:
    """Index of the next measured step of the same skill and run, −1 if there is none."""
    n_step = measured.shape[1]
    index = np.where(measured, np.arange(n_step)[:, None], n_step)
    later = np.minimum.accumulate(index[:, ::-1], axis=1)[:, ::-1]
    after = np.concatenate([later[:, 1:], np.full_like(later[:, :1], n_step)], axis=1)
    return np.where(after < n_step, after, -1)


def _correlations(rho: float, place: np.ndarray) -> np.ndarray:
    return rho ** np.abs(place[:, None] - place)


def _basis(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Orthonormal columns that span each skill's Jacobian, and the influence of its points.

    Both [n_skill, n_point, n_own]. The influence of a point on a parameter is the derivative of the
    fitted parameter by the point's error, with the skill's other own parameters fitted too.
    """
    gram = np.swapaxes(rows, 1, 2) @ rows
    size = np.sqrt(np.maximum(np.diagonal(gram, axis1=1, axis2=2), 1e-300))
    values, vectors = np.linalg.eigh(gram / (size[:, :, None] * size[:, None, :]))
    strong = values > 1e-10
    root = np.where(strong, 1 / np.sqrt(np.where(strong, values, 1)), 0)
    unit = rows / size[:, None, :]
    basis = unit @ (vectors * root[:, None, :])
    inverse = (vectors * root[:, None, :] ** 2) @ np.swapaxes(vectors, 1, 2)
    return basis, unit @ inverse


def _expected(
    basis: np.ndarray, after: np.ndarray, place: np.ndarray, rho: float
) -> tuple[np.ndarray, np.ndarray]:
    """E[e_t²] and E[e_t e_next] of residuals for errors of variance 1 and correlation ρ."""
    correlation = _correlations(rho, place)
    n_run, n_step, n_skill, n_own = basis.shape
    smeared = (correlation @ basis.reshape(n_run, n_step, -1)).reshape(basis.shape)
    by_skill, smeared_by_skill = (np.swapaxes(part, 1, 2) for part in (basis, smeared))
    flat = by_skill.swapaxes(0, 1).reshape(n_skill, n_run * n_step, n_own)
    flat_smeared = smeared_by_skill.swapaxes(0, 1).reshape(n_skill, n_run * n_step, n_own)
    inner = np.swapaxes(flat, 1, 2) @ flat_smeared
    projected = (flat @ inner).reshape(n_skill, n_run, n_step, n_own)
    projected = np.moveaxis(projected, 0, 2)
    variance = 1 - 2 * (basis * smeared).sum(-1) + (projected * basis).sum(-1)
    then = np.take_along_axis(basis, after[..., None], 1)
    smeared_then = np.take_along_axis(smeared, after[..., None], 1)
    lagged = (
        correlation[np.arange(place.size)[:, None], after]
        - (basis * smeared_then).sum(-1)
        - (smeared * then).sum(-1)
        + (projected * then).sum(-1)
    )
    return variance, lagged
