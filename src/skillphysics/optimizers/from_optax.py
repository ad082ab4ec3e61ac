"""Optimizers whose rules are those of optax, with the defaults of their authors."""

import jax
import jax.numpy as jnp
import optax

from skillphysics.domains import Count, Decay, Flag, NonNegative, Positive


def sgd(
    learning_rate: optax.ScalarOrSchedule, *, momentum: Decay = 0.0, nesterov: Flag = False
) -> optax.GradientTransformation:
    """Stochastic gradient descent with momentum: m ← μ m + g, x ← x − η m.

    Sutskever et al. (2013), in the form of torch; with `nesterov`, x ← x − η (g + μ m).
    """
    return optax.sgd(learning_rate, momentum or None, nesterov)


def sign_gd(
    learning_rate: optax.ScalarOrSchedule, *, eps: NonNegative = 1e-8
) -> optax.GradientTransformation:
    """SignGD as L25 (§2.2) runs it, Adam with b1 = b2 = 0: x ← x − η g / (|g| + ε).

    With eps = 0 it is x ← x − η sign(g) (Bernstein et al., arXiv 1802.04434), where sign(0) = 0.
    """
    if eps == 0:
        return optax.sign_sgd(learning_rate)
    return optax.chain(
        optax.stateless_with_tree_map(lambda g, _: g / (jnp.abs(g) + eps)),
        optax.scale_by_learning_rate(learning_rate),
    )


def signum(
    learning_rate: optax.ScalarOrSchedule, *, momentum: Decay = 0.9
) -> optax.GradientTransformation:
    """Signum (Bernstein et al., arXiv 1802.04434): m ← μ m + (1 − μ) g, x ← x − η sign(m)."""
    return optax.signum(learning_rate, momentum)


def adam(
    learning_rate: optax.ScalarOrSchedule,
    *,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-8,
    l2: NonNegative = 0.0,
) -> optax.GradientTransformation:
    """Adam: x ← x − η m̂ / (√v̂ + ε), with bias-corrected means m̂ of g and v̂ of g².

    Kingma & Ba (arXiv 1412.6980), Algorithm 1. With `l2`, g is the gradient of the loss plus
    ½ λ |x|², which torch's Adam calls weight decay.
    """
    plain = optax.adam(learning_rate, b1, b2, eps)
    return plain if l2 == 0 else optax.chain(optax.add_decayed_weights(l2), plain)


def adamw(
    learning_rate: optax.ScalarOrSchedule,
    *,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-8,
    weight_decay: NonNegative = 0.01,
) -> optax.GradientTransformation:
    """AdamW: x ← x − η (m̂ / (√v̂ + ε) + λ x).

    Loshchilov & Hutter (arXiv 1711.05101). They tune λ and state no default; 0.01 is that of torch,
    optax has 1e-4.
    """
    return optax.adamw(learning_rate, b1, b2, eps, weight_decay=weight_decay)


def rmsprop(
    learning_rate: optax.ScalarOrSchedule, *, decay: Decay = 0.9, eps: NonNegative = 1e-8
) -> optax.GradientTransformation:
    """RMSProp: v ← ρ v + (1 − ρ) g², x ← x − η g / (√v + ε), from v = 0.

    Hinton (lecture 6e, 2012), without ε. Here ε is outside the root, as in torch; inside, where
    optax has it by default, the same 1e-8 would hide all gradients below 1e-4.
    """
    return optax.rmsprop(learning_rate, decay, eps, eps_in_sqrt=False)


def lion(
    learning_rate: optax.ScalarOrSchedule,
    *,
    b1: Decay = 0.9,
    b2: Decay = 0.99,
    weight_decay: NonNegative = 0.0,
) -> optax.GradientTransformation:
    """Lion: x ← x − η (sign(b1 m + (1 − b1) g) + λ x), then m ← b2 m + (1 − b2) g.

    Chen et al. (arXiv 2302.06675). λ = 0 as in their code and in L25 (Fig. 15); optax has 1e-3.
    """
    return optax.lion(learning_rate, b1, b2, weight_decay=weight_decay)


def ademamix(
    learning_rate: optax.ScalarOrSchedule,
    *,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    b3: Decay = 0.9999,
    alpha: NonNegative = 5.0,
    eps: NonNegative = 1e-8,
    weight_decay: NonNegative = 0.0,
) -> optax.GradientTransformation:
    """AdEMAMix: x ← x − η ((m̂ + α n) / (√v̂ + ε) + λ x), n ← b3 n + (1 − b3) g.

    Pagliardini et al. (arXiv 2409.03137), without warm-up of α and b3. The slow mean n is not
    corrected for bias. Their code for optax has α = 5; their code for torch and L25 (Fig. 15) 2.
    """
    return optax.contrib.ademamix(learning_rate, b1, b2, b3, alpha, eps, weight_decay=weight_decay)


def sophia(
    learning_rate: optax.ScalarOrSchedule,
    *,
    b1: Decay = 0.965,
    b2: Decay = 0.99,
    eps: Positive = 1e-12,
    gamma: Positive = 0.01,
    interval: Count = 10,
    weight_decay: NonNegative = 0.1,
) -> optax.GradientTransformation:
    """Sophia-H: x ← x − η (clip(m̂ / max(γ h, ε), ±1) + λ x), h near the diagonal of the Hessian.

    Liu et al. (arXiv 2305.14342), with the betas and λ of their code. Every `interval` steps
    h ← b2 h + (1 − b2) r ∘ (∇²f r), with random signs r (theirs are normal: the same mean, more
    noise). As in optax, m̂ is corrected for bias and a new h is used from the next step on, so the
    first step is a sign.

    An update needs `obj_fn=`, params → loss. All states start from one random key; see `seeded`.
    """
    return optax.contrib.sophia(
        learning_rate,
        b1,
        b2,
        eps,
        weight_decay,
        gamma=gamma,
        update_interval=interval,
    )


def muon(
    learning_rate: optax.ScalarOrSchedule,
    *,
    momentum: Decay = 0.95,
    nesterov: Flag = True,
    ns_steps: Count = 5,
    adam_b1: Decay = 0.9,
    adam_b2: Decay = 0.95,
    eps: Positive = 1e-8,
    weight_decay: NonNegative = 0.0,
) -> optax.GradientTransformation:
    """Muon: W ← W − η (√max(1, n_out/n_in) O + λ W), O near the orthogonal factor of the momentum.

    Jordan (2024, github.com/KellerJordan/Muon). `ns_steps` Newton–Schulz steps bring the singular
    values of O to about 1 (0.7 to 1.2), except those far below the largest. Matrices are
    [n_in, n_out]. All other arrays follow AdamW at the same learning rate, as in Jordan's code, so
    that parameters without a matrix are trained by AdamW alone; the AdamW within optax's Muon has
    adam_b2 = 0.999 and Nesterov's term. Optax corrects the bias of the momentum and Jordan does
    not: with `nesterov`, the first tens of steps differ slightly.
    """
    matrix = optax.contrib.muon(
        learning_rate,
        ns_steps=ns_steps,
        beta=momentum,
        eps=eps,
        weight_decay=weight_decay,
        nesterov=nesterov,
    )
    other = optax.adamw(learning_rate, adam_b1, adam_b2, eps, weight_decay=weight_decay)
    return optax.partition(
        {"matrix": matrix, "other": other},
        lambda params: jax.tree.map(lambda x: "matrix" if x.ndim == 2 else "other", params),
    )
