"""Text against counts and losses by hand in NumPy, and its readers on small files."""

import itertools
import json
import sys
from collections import Counter
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from skillphysics import train
from skillphysics.errors import ArgumentError
from skillphysics.networks import GPT, Learner
from skillphysics.tasks import Text, Tokens, bpe_tokens, byte_tokens, dataset_texts

KEY = jax.random.key(0)
N_VOCAB = 50


def zipf(n, n_vocab=N_VOCAB, seed=0):
    p = 1 / np.arange(1, n_vocab + 1)
    return np.random.default_rng(seed).choice(n_vocab, n, p=p / p.sum())


IDS = zipf(20_000)
TOKENS = Tokens(IDS, N_VOCAB)
OPTIONS: dict[str, Any] = {"block": 12, "batch_size": 8, "skills": 4}
TEXT = Text(TOKENS, **OPTIONS)
TABLE = np.random.default_rng(1).normal(size=(N_VOCAB, N_VOCAB))


def predict(inputs):
    """Logits that depend on the last token only."""
    return jnp.asarray(TABLE, jnp.float32)[inputs]


def losses(windows):
    """The cross-entropy of each token after the first, by hand."""
    q = np.exp(TABLE) / np.exp(TABLE).sum(1, keepdims=True)
    return np.array([[-np.log(q[a, b]) for a, b in itertools.pairwise(w)] for w in windows])


def test_batches_are_windows_of_the_training_part():
    train_part = IDS[:18_000].tolist()
    places = {tuple(train_part[i : i + 13]): i for i in range(len(train_part) - 12)}
    batches = jax.vmap(TEXT.batch)(jax.random.split(KEY, 500)).reshape(-1, 13)
    found = np.array([places[tuple(window)] for window in batches.tolist()])
    assert batches.dtype == np.int32
    # Kolmogorov's distance to the uniform distribution; 1.95/√n has probability 0.001.
    distance = np.abs(np.sort(found) / (18_000 - 12) - np.arange(found.size) / found.size).max()
    assert distance < 1.95 / np.sqrt(found.size)


def test_the_first_and_last_windows_are_drawn():
    text = Text(Tokens(np.arange(40) % 8, 8), block=16, batch_size=50, skills=1,
                validation_share=0.5, validation_batches=1)  # fmt: skip
    starts = np.asarray(text.batch(KEY))[:, 0]
    assert set(starts) == {0, 1, 2, 3}
    assert set(np.asarray(text.validation)[0, :, 0]) == {4, 5, 6, 7}


def test_groups_are_from_frequent_to_rare_and_nearly_equal():
    counts = np.bincount(IDS[:18_000], minlength=N_VOCAB)
    group = np.asarray(TEXT.group)
    share = np.array([counts[group == i].sum() for i in range(4)]) / 18_000
    np.testing.assert_allclose(TEXT.frequency, share, rtol=1e-6)
    # The first token alone has 22 % of the text; no token is more than that from its border.
    assert np.all(abs(share - 0.25) < 0.1)
    for i in range(3):
        assert counts[group == i].min() >= counts[group == i + 1].max()


def test_a_heavy_token_is_a_group_and_all_groups_have_tokens():
    ids = np.array(([0] * 90 + list(range(1, 11))) * 20)
    text = Text(Tokens(ids, 12), block=50, batch_size=8, skills=11)
    assert sorted(np.asarray(text.group)[:11].tolist()) == list(range(11))
    assert text.group[0] == 0
    assert text.group[11] == 10
    assert text.frequency[0] == pytest.approx(0.9)
    three = Text(Tokens(ids, 12), block=50, batch_size=8, skills=3)
    np.testing.assert_allclose(three.frequency, [0.9, 0.05, 0.05], rtol=1e-6)


def test_decades_are_ranks():
    ids = np.concatenate([np.repeat(np.arange(120), 120 - np.arange(120))] * 4)
    ids = np.random.default_rng(0).permutation(ids)
    text = Text(Tokens(ids, 130), block=50, batch_size=20, skills="decades")
    assert text.names == ("rank 1–10", "rank 11–100", "rank 101–120")
    ranked = [token for token, _ in Counter(ids[: text.train.size].tolist()).most_common()]
    group = np.asarray(text.group)
    assert set(group[ranked[:10]]) == {0}
    assert set(group[ranked[10:100]]) == {1}
    assert set(group[ranked[100:]]) == {2} == set(group[120:])
    assert float(text.frequency.sum()) == pytest.approx(1)


def test_losses_and_levels_are_those_of_numpy():
    measured = jax.jit(lambda: TEXT.measure(predict, KEY))()
    windows = np.asarray(TEXT.validation).reshape(-1, 13)
    held_out = IDS[18_000:]
    places = np.linspace(0, 2000 - 13, len(windows)).round().astype(int)
    np.testing.assert_array_equal(windows, [held_out[i : i + 13] for i in places])
    each, group = losses(windows), np.asarray(TEXT.group)[windows[:, 1:]]
    wanted = [each[group == i].mean() for i in range(4)]
    np.testing.assert_allclose(measured["skill_loss"], wanted, rtol=1e-5)
    np.testing.assert_allclose(measured["level"], 1 - np.array(wanted) / np.log(50), atol=1e-5)
    assert float(measured["loss"]) == pytest.approx(each.mean(), rel=1e-5)


def test_levels_are_zero_by_chance_and_one_for_certain():
    chance = TEXT.measure(lambda x: jnp.zeros((*x.shape, N_VOCAB)), KEY)["level"]
    np.testing.assert_allclose(chance, 0, atol=1e-6)
    cycle = Text(Tokens(np.arange(400) % 8, 8), block=16, batch_size=4, skills=2)
    certain = cycle.measure(lambda x: 100 * jax.nn.one_hot((x + 1) % 8, 8), KEY)["level"]
    np.testing.assert_allclose(certain, 1, atol=1e-6)


@pytest.mark.parametrize("exponent", [None, 0.0, 0.5, 1.0])
@pytest.mark.parametrize("attached", [False, True])
def test_weights_are_powers_of_the_loss(exponent, attached):
    if exponent is None and attached:
        with pytest.raises(ArgumentError, match="reweight must be given together"):
            Text(TOKENS, **OPTIONS, attached=True)
        return
    text = Text(TOKENS, **OPTIONS, reweight=exponent, attached=attached)
    batch = text.batch(KEY)

    @jax.jit
    def of(scale):
        return text.loss(lambda x: scale * predict(x), batch)

    each, h = losses(np.asarray(batch)), 1e-4
    power = 0 if exponent is None else exponent
    assert float(of(1.0)) == pytest.approx((each ** (1 + power)).mean(), rel=1e-5)
    up, down = (scaled_losses(np.asarray(batch), 1 + sign * h) for sign in (1, -1))
    slope = (up - down) / (2 * h)
    factor = 1 + power if attached else 1
    assert float(jax.grad(of)(1.0)) == pytest.approx(
        (factor * each**power * slope).mean(), rel=1e-4
    )


def scaled_losses(windows, scale):
    logits = scale * TABLE
    q = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return -np.log(q[windows[:, :-1], windows[:, 1:]])


@pytest.mark.parametrize("reweight", [None, 1.0])
def test_a_batch_in_parts_has_the_same_gradient_and_measurements(reweight):
    whole = Text(TOKENS, **OPTIONS, reweight=reweight)
    parts = Text(TOKENS, **OPTIONS, reweight=reweight, at_once=whole.batch_size // 2)
    assert parts.validation.shape[0] == 2 * whole.validation.shape[0]
    batch, table = whole.batch(KEY), jnp.asarray(TABLE)

    def found(text):
        return jax.value_and_grad(lambda table: text.loss(lambda x: table[x], batch))(table)

    loss, gradient = found(parts)
    wanted_loss, wanted = found(whole)
    assert float(loss) == pytest.approx(float(wanted_loss), rel=1e-6)
    np.testing.assert_allclose(gradient, wanted, rtol=1e-5, atol=1e-7)
    measured = [text.measure(lambda x: table[x], KEY) for text in (parts, whole)]
    np.testing.assert_allclose(measured[0]["skill_loss"], measured[1]["skill_loss"], rtol=1e-5)


@pytest.mark.parametrize("attached", [False, True])
def test_gradients_are_finite_where_the_loss_is_zero(attached):
    text = Text(Tokens(np.arange(400) % 8, 8), block=16, batch_size=4, skills=2,
                reweight=0.5, attached=attached)  # fmt: skip
    batch = text.batch(KEY)
    gradient = jax.grad(
        lambda scale: text.loss(lambda x: scale * jax.nn.one_hot((x + 1) % 8, 8), batch)
    )(200.0)
    assert gradient == 0


def test_exponents_are_data_and_a_gpt_learns_what_follows_what():
    """A text in which each token has one that mostly follows: ℓ falls far below the entropy."""
    rng = np.random.default_rng(0)
    ids, follows = [0], rng.permutation(12)
    for jump in rng.random(4000) < 0.1:
        ids.append(int(rng.integers(12)) if jump else int(follows[ids[-1]]))
    texts = [
        Text(Tokens(np.array(ids), 12), block=8, batch_size=16, skills=2, reweight=k)
        for k in (0.0, 1.0)
    ]
    network = GPT(12, block=8, n_layer=1, n_head=2, width=16)
    curves = train(
        [Learner(network, text) for text in texts], optax.adam, learning_rate=0.01, steps=300,
        record=300, key=KEY,
    )  # fmt: skip
    loss = curves.dataset["loss"].values
    assert loss[0, 0] == loss[1, 0] == pytest.approx(np.log(12), abs=0.02)
    assert np.all(loss[:, 1] < 1.0)
    assert abs(loss[0, 1] - loss[1, 1]) > 1e-3


def test_files_are_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"ab\xff")
    (tmp_path / "b").write_bytes(b"\x00c")
    ids, n_vocab = byte_tokens(tmp_path / "a", str(tmp_path / "b"))
    assert ids.tolist() == [97, 98, 255, 0, 99]
    assert n_vocab == 256
    with pytest.raises(ArgumentError, match=r"cannot read .*missing"):
        byte_tokens(tmp_path / "missing")


def write_tokenizer(path):
    """A byte-pair encoding with two merges and an end of text, by hand."""
    vocab = {"a": 0, "b": 1, "c": 2, "ab": 3, "abc": 4, "<|endoftext|>": 5}
    model = {"type": "BPE", "vocab": vocab, "merges": [["a", "b"], ["ab", "c"]]}
    added = {
        "id": 5, "content": "<|endoftext|>", "special": True, "single_word": False,
        "lstrip": False, "rstrip": False, "normalized": False,
    }  # fmt: skip
    path.write_text(json.dumps({"version": "1.0", "added_tokens": [added], "model": model}))


def test_documents_are_encoded_by_a_tokenizer_file(tmp_path):
    pytest.importorskip("tokenizers")
    write_tokenizer(tmp_path / "tokenizer.json")
    documents = ["abc", "cab", ""]
    ids, n_vocab = bpe_tokens(documents, tmp_path / "tokenizer.json", end="<|endoftext|>")
    assert ids.tolist() == [4, 5, 2, 3, 5, 5]
    assert ids.dtype == np.uint16
    assert n_vocab == 6
    assert bpe_tokens(documents, tmp_path / "tokenizer.json").ids.tolist() == [4, 2, 3]
    many = bpe_tokens(["abc"] * 2500, tmp_path / "tokenizer.json").ids
    assert many.tolist() == [4] * 2500
    read = iter(["abc"] * 5000)
    assert bpe_tokens(read, tmp_path / "tokenizer.json", most=1500).ids.tolist() == [4] * 1500
    assert len(list(read)) == 3000
    (tmp_path / "other").write_bytes(b"\xff\x00")
    with pytest.raises(ArgumentError, match="other is not a valid tokenizer"):
        bpe_tokens(documents, tmp_path / "other")
    with pytest.raises(ArgumentError, match=r"end must be a token .* got '<end>'"):
        bpe_tokens(documents, tmp_path / "tokenizer.json", end="<end>")
    with pytest.raises(ArgumentError, match="cannot read"):
        bpe_tokens(documents, tmp_path / "missing.json")


def test_documents_come_from_a_data_set(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    pytest.importorskip("datasets")
    rows = [{"text": "first"}, {"text": "zweiter"}]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    options = {
        "data_files": str(tmp_path / "rows.jsonl"), "split": "train",
        "cache_dir": str(tmp_path / "cache"),
    }  # fmt: skip
    assert list(dataset_texts("json", **options)) == ["first", "zweiter"]
    with pytest.raises(ArgumentError, match="column must be one of text, got 'body'"):
        dataset_texts("json", column="body", **options)


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    for package in ("tokenizers", "datasets"):
        monkeypatch.setitem(sys.modules, package, None)
    write_tokenizer(tmp_path / "tokenizer.json")
    with pytest.raises(ArgumentError, match="pip install tokenizers"):
        bpe_tokens(["a"], tmp_path / "tokenizer.json")
    with pytest.raises(ArgumentError, match="pip install datasets"):
        dataset_texts("openwebtext", split="train")
    with pytest.raises(ArgumentError, match="split must be given"):
        dataset_texts("openwebtext")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"block": 0}, "block must .* got 0"),
        ({"batch_size": 0}, "batch_size must .* got 0"),
        ({"validation_batches": 0}, "validation_batches must .* got 0"),
        ({"validation_share": 0.0}, "validation_share must .* got 0.0"),
        ({"block": 5000}, "more than block = 5000 .* 18000 to train on and 2000 held out"),
        ({"skills": 0}, "'decades' or an integer from 1 to 50, .* got 0"),
        ({"skills": 51}, "skills must .* got 51"),
        ({"skills": "rare"}, "'rare'"),
        ({"reweight": -1.0}, "reweight must .* got -1.0"),
        ({"reweight": 1.0, "reweight_steps": -1}, "reweight_steps must .* got -1"),
        ({"at_once": 3}, "at_once must divide batch_size = .* got 3"),
        ({"at_once": 0}, "at_once must .* got 0"),
        ({"skills": 50, "batch_size": 1, "validation_batches": 1}, "has no token in the 1 held"),
    ],
)
def test_what_is_wrong_is_said(change, said):
    with pytest.raises(ArgumentError, match=said):
        Text(TOKENS, **{**OPTIONS, **change})


def test_tokens_beyond_the_vocabulary_are_refused():
    with pytest.raises(ArgumentError, match="below n_vocab = 30, got 0 to 49"):
        Text(Tokens(IDS, 30), **OPTIONS)
    with pytest.raises(ArgumentError, match=r"n_vocab must .* got 1"):
        Text(Tokens(IDS * 0, 1), **OPTIONS)


def test_a_text_in_double_precision_is_measured_in_it():
    with jax.enable_x64(True):
        measured = eqx.filter_jit(TEXT.measure)(lambda x: jnp.asarray(TABLE)[x], KEY)
    each = losses(np.asarray(TEXT.validation).reshape(-1, 13))
    assert float(measured["loss"]) == pytest.approx(each.mean(), rel=1e-12)
