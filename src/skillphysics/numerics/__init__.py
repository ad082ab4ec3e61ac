"""Mathematics without theories, worlds and laws; private to the package."""
