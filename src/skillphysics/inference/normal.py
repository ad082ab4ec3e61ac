"""Normal equations of a theory near a point, kept in parts at a cost of skills × steps.

With the parts of `skillphysics.inference.jacobian`, JᵀJ of the own parameters is

    B + PCPᵀ,   P = [R, W],   C = [[LᵀΩL, 1], [1, 0]],

with a block of B for each skill and a few columns P for the clock G ≈ LRᵀ, which is a smooth
function of the step. The shared parameters border this matrix.
"""

from typing import NamedTuple

import numpy as np

from skillphysics.inference.coordinates import Layout
from skillphysics.inference.jacobian import Linearised

# To rounding, the clock of any number of skills is spanned by this many combinations of them.
_MOST_COMBINATIONS = 24


class Normal(NamedTuple):
    """Parts of JᵀJ and Jᵀ·residual for several points; own coordinates are ordered by skill.

    Attributes:
        blocks: B, [n_start, n_skill, n_own, n_own].
        low: P, [n_start, n_skill · n_own, n_column].
        core: C, [n_start, n_column, n_column].
        mixed: own by shared coordinates, [n_start, n_skill · n_own, n_shared].
        shared: [n_start, n_shared, n_shared].
        by_own: Jᵀ·residual, [n_start, n_skill · n_own].
        by_shared: [n_start, n_shared].
    """

    blocks: np.ndarray
    low: np.ndarray
    core: np.ndarray
    mixed: np.ndarray
    shared: np.ndarray
    by_own: np.ndarray
    by_shared: np.ndarray

    @classmethod
    def of(cls, linear: Linearised, weight: np.ndarray, residual: np.ndarray) -> "Normal":
        """The normal equations of weighted levels. `residual` is already weighted.

        The weight is [n_step, n_skill], or [n_start, n_step, n_skill].
        """
        n_start, n_own, n_step, n_skill = linear.own.shape
        slope = linear.slope * weight
        weight = weight if weight.ndim == 2 else weight[:, None]
        own = np.moveaxis(linear.own * weight, 1, 3)
        n_shared, size = linear.shared.shape[1], n_skill * n_own
        shared = (linear.shared * weight).reshape(n_start, n_shared, n_step * n_skill)
        clock = np.moveaxis(linear.clock, 1, 3).reshape(n_start, n_step, size)
        left, right = _range(clock)
        by_skill = np.swapaxes(own, 1, 2)
        flat = own.reshape(n_start, n_step, size)
        through = np.swapaxes(own * slope[..., None], 1, 2).swapaxes(2, 3)
        weighted = (through @ left[:, None]).reshape(n_start, size, left.shape[2])
        core = np.swapaxes(left, 1, 2) @ ((slope**2).sum(2)[..., None] * left)
        one = np.broadcast_to(np.eye(core.shape[-1]), core.shape)
        by_step = shared.reshape(n_start, n_shared, n_step, n_skill)
        bent = by_step * slope[:, None]
        mixed = np.einsum("btko,bstk->bkos", own, by_step, optimize=True).reshape(
            n_start, size, n_shared
        )
        pull = (slope * residual).sum(2)[..., None]
        return cls(
            blocks=np.swapaxes(by_skill, 2, 3) @ by_skill,
            low=np.concatenate([right, weighted], axis=2),
            core=np.block([[core, one], [one, np.zeros_like(core)]]),
            mixed=mixed + right @ (np.swapaxes(left, 1, 2) @ np.swapaxes(bent.sum(3), 1, 2)),
            shared=shared @ np.swapaxes(shared, 1, 2),
            by_own=(flat * np.repeat(residual, n_own, axis=2)).sum(1)
            + (np.swapaxes(clock, 1, 2) @ pull)[..., 0],
            by_shared=(shared @ residual.reshape(n_start, n_step * n_skill, 1))[..., 0],
        )

    def take(self, chosen: np.ndarray) -> "Normal":
        """Some of the points."""
        return Normal(*(part[chosen] for part in self))

    def replaced(self, chosen: np.ndarray, other: "Normal") -> "Normal":
        """The same points, with the chosen ones taken from `other`."""
        both = zip(self, other, strict=True)
        return Normal(*(_where(chosen, theirs, mine) for mine, theirs in both))

    def finite(self) -> np.ndarray:
        """Which points have finite equations, [n_start]."""
        parts = [np.isfinite(part).reshape(len(part), -1).all(1) for part in self]
        return np.logical_and.reduce(parts)

    def step(
        self, damping: np.ndarray, normal: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The damped Gauss–Newton step, scaled by the curvature of each coordinate (Marquardt).

        Args:
            damping: [n_start].
            normal: forbidden directions, [n_start, n_gauge, n_skill · n_own + n_shared], own
                coordinates first.

        Returns:
            The step, own coordinates first, stepᵀJᵀ·residual and stepᵀJᵀJ·step.
        """
        n_start, n_skill, n_own, _ = self.blocks.shape
        size, n_shared = n_skill * n_own, self.shared.shape[-1]
        inner = np.diagonal(self.blocks, axis1=2, axis2=3).reshape(n_start, size)
        inner = inner + np.einsum("bip,bpq,biq->bi", self.low, self.core, self.low, optimize=True)
        curvature = np.concatenate([inner, np.diagonal(self.shared, axis1=1, axis2=2)], axis=1)
        scale = np.maximum(curvature, 1e-12 * curvature.max(1, keepdims=True) + 1e-300)
        damped = damping[:, None] * scale
        blocks = self.blocks.copy()
        place = np.arange(n_own)
        blocks[..., place, place] += damped[:, :size].reshape(n_start, n_skill, n_own)
        # Columns that border the blocks: the clock, shared coordinates, forbidden directions.
        border = np.concatenate(
            [self.low @ self.core, self.mixed, np.swapaxes(normal[..., :size], 1, 2)], axis=2
        )
        back = np.concatenate([self.low, self.mixed, np.swapaxes(normal[..., :size], 1, 2)], axis=2)
        columns = np.concatenate([border, self.by_own[..., None]], axis=2)
        by_skill = columns.reshape(n_start, n_skill, n_own, columns.shape[2])
        solved = np.linalg.solve(blocks, by_skill).reshape(columns.shape)
        n_low, n_border = self.low.shape[2], border.shape[2]
        corner = -np.swapaxes(back, 1, 2) @ solved
        right = -corner[..., -1]
        corner = corner[..., :-1]
        place = np.arange(n_low)
        corner[:, place, place] -= 1
        at_shared = slice(n_low, n_low + n_shared)
        corner[:, at_shared, at_shared] += self.shared
        place = np.arange(n_low, n_low + n_shared)
        corner[:, place, place] += damped[:, size:]
        outside = normal[..., size:]
        corner[:, at_shared, n_low + n_shared :] += np.swapaxes(outside, 1, 2)
        corner[:, n_low + n_shared :, at_shared] += outside
        right[:, at_shared] -= self.by_shared
        unit = np.sqrt(np.maximum(np.abs(np.diagonal(corner, axis1=1, axis2=2)), 1e-150))
        scaled = corner / (unit[:, :, None] * unit[:, None, :])
        small = np.linalg.solve(scaled, (right / unit)[..., None])[..., 0] / unit
        step = -solved[..., -1] - (solved[..., :n_border] @ small[..., None])[..., 0]
        step = np.concatenate([step, small[:, at_shared]], axis=1)
        along = (np.concatenate([self.by_own, self.by_shared], axis=1) * step).sum(1)
        # (JᵀJ + damping) step = −Jᵀr, orthogonal to the forbidden directions.
        return step, along, -along - (damped * step**2).sum(1)


def to_layout(layout: Layout, step: np.ndarray) -> np.ndarray:
    """Steps reordered from own coordinates by skill, then shared ones, to that of the layout."""
    ordered = np.empty_like(step)
    ordered[:, order(layout)] = step
    return ordered


def order(layout: Layout) -> np.ndarray:
    """Indices in the free coordinates of own coordinates by skill, then of shared ones."""
    return np.concatenate([layout.at_own.T.reshape(-1), layout.at_shared])


def _range(clock: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """L and R with clock ≈ LRᵀ and few orthonormal columns in L (a randomised range finder)."""
    _, n_step, size = clock.shape
    count = min(n_step, size, _MOST_COMBINATIONS) if clock.any() else 0
    mixing = np.random.default_rng(0).normal(size=(size, count))
    norm = np.sqrt((clock**2).sum(1, keepdims=True))
    left = np.linalg.qr((clock / np.maximum(norm, 1e-300)) @ mixing)[0]
    return left, np.swapaxes(clock, 1, 2) @ left


def _where(chosen: np.ndarray, theirs: np.ndarray, mine: np.ndarray) -> np.ndarray:
    return np.where(chosen.reshape(-1, *[1] * (mine.ndim - 1)), theirs, mine)
