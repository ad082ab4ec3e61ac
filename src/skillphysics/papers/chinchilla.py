"""Exponents of the Chinchilla runs, in parameters and in data, that both papers compare with."""

PUBLISHED = {"parameters": 0.34, "data": 0.28}
"""As first fitted (Hoffmann et al. 2022)."""

REPLICATED = {"parameters": 0.3478, "data": 0.3658}
"""As fitted again to the same runs (Besiroglu et al. 2024)."""

STDERR = 0.02
"""Of both that were fitted again."""
