"""Every optimizer in NumPy, one step after the other, written from its publication.

Each takes the gradient as a function of parameters and step (from 0), the start and the learning
rate, and gives the parameters after each step. None shares code with the package or with optax.
"""

from collections.abc import Callable, Iterator

import numpy as np

Gradient = Callable[[np.ndarray, int], np.ndarray]
Path = Iterator[np.ndarray]


def sgd(gradient: Gradient, x: np.ndarray, rate, momentum=0.0, nesterov=False) -> Path:
    m, t = np.zeros_like(x), 0
    while True:
        g = gradient(x, t)
        m = momentum * m + g
        x = x - rate * (g + momentum * m if nesterov else m)
        yield x
        t += 1


def sign_gd(gradient: Gradient, x: np.ndarray, rate, eps=1e-8) -> Path:
    t = 0
    while True:
        g = gradient(x, t)
        x = x - rate * (np.sign(g) if eps == 0 else g / (np.abs(g) + eps))
        yield x
        t += 1


def signum(gradient: Gradient, x: np.ndarray, rate, momentum=0.9) -> Path:
    m, t = np.zeros_like(x), 0
    while True:
        m = momentum * m + (1 - momentum) * gradient(x, t)
        x = x - rate * np.sign(m)
        yield x
        t += 1


def adamw(
    gradient: Gradient, x: np.ndarray, rate, b1=0.9, b2=0.999, eps=1e-8, weight_decay=0.01
) -> Path:
    m, v, t = np.zeros_like(x), np.zeros_like(x), 0
    while True:
        g = gradient(x, t)
        t += 1
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        m_hat, v_hat = m / (1 - b1**t), v / (1 - b2**t)
        x = x - rate * (m_hat / (np.sqrt(v_hat) + eps) + weight_decay * x)
        yield x


def adam(gradient: Gradient, x: np.ndarray, rate, b1=0.9, b2=0.999, eps=1e-8, l2=0.0) -> Path:
    def penalised(x, t):
        return gradient(x, t) + l2 * x

    return adamw(penalised, x, rate, b1, b2, eps, weight_decay=0.0)


def adagrad(gradient: Gradient, x: np.ndarray, rate, eps=1e-10) -> Path:
    s, t = np.zeros_like(x), 0
    while True:
        g = gradient(x, t)
        s = s + g**2
        x = x - rate * g / (np.sqrt(s) + eps)
        yield x
        t += 1


def rmsprop(gradient: Gradient, x: np.ndarray, rate, decay=0.9, eps=1e-8) -> Path:
    v, t = np.zeros_like(x), 0
    while True:
        g = gradient(x, t)
        v = decay * v + (1 - decay) * g**2
        x = x - rate * g / (np.sqrt(v) + eps)
        yield x
        t += 1


def lion(gradient: Gradient, x: np.ndarray, rate, b1=0.9, b2=0.99, weight_decay=0.0) -> Path:
    m, t = np.zeros_like(x), 0
    while True:
        g = gradient(x, t)
        x = x - rate * (np.sign(b1 * m + (1 - b1) * g) + weight_decay * x)
        m = b2 * m + (1 - b2) * g
        yield x
        t += 1


def ademamix(
    gradient: Gradient,
    x: np.ndarray,
    rate,
    b1=0.9,
    b2=0.999,
    b3=0.9999,
    alpha=5.0,
    eps=1e-8,
    weight_decay=0.0,
) -> Path:
    fast, slow, v, t = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x), 0
    while True:
        g = gradient(x, t)
        t += 1
        fast = b1 * fast + (1 - b1) * g
        slow = b3 * slow + (1 - b3) * g
        v = b2 * v + (1 - b2) * g**2
        top = fast / (1 - b1**t) + alpha * slow
        x = x - rate * (top / (np.sqrt(v / (1 - b2**t)) + eps) + weight_decay * x)
        yield x


def sophia(
    gradient: Gradient,
    x: np.ndarray,
    rate,
    hessian: np.ndarray,
    b1=0.965,
    b2=0.99,
    eps=1e-12,
    gamma=0.01,
    interval=10,
    weight_decay=0.1,
) -> Path:
    """Where the Hessian is diagonal, random signs give its diagonal exactly."""
    m, h, t = np.zeros_like(x), np.zeros_like(x), 0
    while True:
        m = b1 * m + (1 - b1) * gradient(x, t)
        m_hat = m / (1 - b1 ** (t + 1))
        x = x - rate * (np.clip(m_hat / np.maximum(gamma * h, eps), -1, 1) + weight_decay * x)
        if t % interval == 0:
            h = b2 * h + (1 - b2) * hessian
        yield x
        t += 1


def muon(gradient: Gradient, x: np.ndarray, rate, momentum=0.95, weight_decay=0.0) -> Path:
    """Without Nesterov's term, for a matrix [n_in, n_out]."""
    m, t = np.zeros_like(x), 0
    while True:
        m = momentum * m + (1 - momentum) * gradient(x, t)
        y = m / np.linalg.norm(m)
        for _ in range(5):
            a = y @ y.T
            y = 3.4445 * y - 4.7750 * a @ y + 2.0315 * a @ a @ y
        x = x - rate * (np.sqrt(max(1, x.shape[1] / x.shape[0])) * y + weight_decay * x)
        yield x
        t += 1


def power(matrix: np.ndarray, exponent: float) -> np.ndarray:
    """Of a positive matrix, through its singular values."""
    u, s, _ = np.linalg.svd(matrix)
    return u @ np.diag(s**exponent) @ u.T


def shampoo(gradient: Gradient, x: np.ndarray, rate, eps=1e-4, interval=1) -> Path:
    """Of a matrix: Algorithm 1, with roots of every so many steps."""
    left, right, t = eps * np.eye(x.shape[0]), eps * np.eye(x.shape[1]), 0
    left_root, right_root = left, right
    while True:
        g = gradient(x, t)
        left, right = left + g @ g.T, right + g.T @ g
        if t % interval == 0:
            left_root, right_root = power(left, -1 / 4), power(right, -1 / 4)
        x = x - rate * left_root @ g @ right_root
        yield x
        t += 1


def shampoo_vector(gradient: Gradient, x: np.ndarray, rate, eps=1e-4) -> Path:
    """Of a vector: Algorithm 2 with k = 1, full-matrix Adagrad."""
    s, t = eps * np.eye(x.size), 0
    while True:
        g = gradient(x, t)
        s = s + np.outer(g, g)
        x = x - rate * power(s, -1 / 2) @ g
        yield x
        t += 1


def shampoo_tensor(gradient: Gradient, x: np.ndarray, rate, eps=1e-4) -> Path:
    """Of an array of three axes: Algorithm 2 with k = 3."""
    a, b, c = (eps * np.eye(n) for n in x.shape)
    t = 0
    while True:
        g = gradient(x, t)
        a = a + np.einsum("ijk,ljk->il", g, g)
        b = b + np.einsum("ijk,ilk->jl", g, g)
        c = c + np.einsum("ijk,ijl->kl", g, g)
        roots = (power(statistic, -1 / 6) for statistic in (a, b, c))
        x = x - rate * np.einsum("ijk,ai,bj,ck->abc", g, *roots)
        yield x
        t += 1


def soap(
    gradient: Gradient,
    x: np.ndarray,
    rate,
    b1=0.95,
    b2=0.95,
    eps=1e-8,
    weight_decay=0.01,
    interval=10,
) -> Path:
    """Of a matrix: Algorithm 3, whose first step only starts L, R and their eigenvectors."""

    def falling(moment: np.ndarray) -> np.ndarray:
        values, vectors = np.linalg.eigh(moment)
        return vectors[:, np.argsort(-values)]

    g = gradient(x, 0)
    left, right = (1 - b2) * g @ g.T, (1 - b2) * g.T @ g
    p, q = falling(left), falling(right)
    x = x - rate * weight_decay * x
    yield x
    m, v, t = np.zeros_like(x), np.zeros_like(x), 0
    while True:
        t += 1
        g = gradient(x, t)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * (p.T @ g @ q) ** 2
        inside = (p.T @ m @ q) / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + eps)
        x = x - rate * (p @ inside @ q.T + weight_decay * x)
        left, right = b2 * left + (1 - b2) * g @ g.T, b2 * right + (1 - b2) * g.T @ g
        if t % interval == 0:
            rows = np.argsort(-np.diag(p.T @ left @ p))
            columns = np.argsort(-np.diag(q.T @ right @ q))
            v = v[rows][:, columns]
            p = np.linalg.qr(left @ p[:, rows])[0]
            q = np.linalg.qr(right @ q[:, columns])[0]
        yield x


def mars(
    gradient: Gradient,
    x: np.ndarray,
    rate,
    b1=0.95,
    b2=0.99,
    gamma=0.025,
    eps=1e-8,
    weight_decay=0.0,
) -> Path:
    before, m, v, t = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x), 0
    while True:
        g = gradient(x, t)
        t += 1
        c = g + gamma * b1 / (1 - b1) * (g - before)
        norm = np.sqrt((c**2).sum())
        c = c / norm if norm > 1 else c
        m = b1 * m + (1 - b1) * c
        v = b2 * v + (1 - b2) * c**2
        step = m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + eps)
        x = x - rate * (step + weight_decay * x)
        before = g
        yield x


def cautious_adamw(
    gradient: Gradient, x: np.ndarray, rate, b1=0.9, b2=0.999, eps=1e-8, weight_decay=0.01
) -> Path:
    m, v, t = np.zeros_like(x), np.zeros_like(x), 0
    while True:
        g = gradient(x, t)
        t += 1
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        u = m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + eps)
        mask = (u * g > 0).astype(float)
        x = x - rate * mask * mask.size / (mask.sum() + 1) * u - rate * weight_decay * x
        yield x


def cautious_lion(gradient: Gradient, x: np.ndarray, rate, b1=0.9, b2=0.99) -> Path:
    m, t = np.zeros_like(x), 0
    while True:
        g = gradient(x, t)
        u = np.sign(b1 * m + (1 - b1) * g)
        mask = (u * g > 0).astype(float)
        x = x - rate * mask * mask.size / (mask.sum() + 1) * u
        m = b2 * m + (1 - b2) * g
        yield x
        t += 1


def schedule_free_sgd(
    gradient: Gradient, x: np.ndarray, rate, b1=0.9, weight_decay=0.0
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Gives y, where it trains, and the mean x of all z."""
    z, y, t = x, x, 0
    while True:
        z = z - rate * (gradient(y, t) + weight_decay * y)
        t += 1
        x = x + (z - x) / t
        y = (1 - b1) * z + b1 * x
        yield y, x


def schedule_free_adamw(
    gradient: Gradient, x: np.ndarray, rate, b1=0.9, b2=0.999, eps=1e-8, weight_decay=0.0
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Gives y, where it trains, and the mean x of all z, weighted by squared learning rates."""
    z, y, v, total, t = x, x, np.zeros_like(x), 0.0, 0
    while True:
        g = gradient(y, t)
        t += 1
        v = b2 * v + (1 - b2) * g**2
        now = rate * np.sqrt(1 - b2**t)
        z = z - now * (g / (np.sqrt(v) + eps) + weight_decay * y)
        total += now**2
        x = x + now**2 / total * (z - x)
        y = (1 - b1) * z + b1 * x
        yield y, x
