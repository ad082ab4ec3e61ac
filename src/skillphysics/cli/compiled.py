"""Compiled programs kept between runs of a command, in the user's cache folder."""

import os
from pathlib import Path

_SWITCH = "SKILLPHYSICS_CACHE"


def keep_compiled() -> None:
    """Keep programs that JAX compiles, so that a second report of the same shapes is faster.

    They lie in `$XDG_CACHE_HOME/skillphysics` (`~/.cache/skillphysics`), or in the folder that the
    variable SKILLPHYSICS_CACHE names; SKILLPHYSICS_CACHE=off keeps nothing. A folder that cannot be
    written is not used.
    """
    import jax

    folder = _folder()
    if folder is None:
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.05)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)


def _folder() -> Path | None:
    chosen = os.environ.get(_SWITCH, "")
    if chosen.lower() in ("off", "0", "no"):
        return None
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(chosen) if chosen else Path(base) / "skillphysics"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None
