"""Small matrices are multiplied faster by one thread than by several that wait for each other."""

from threadpoolctl import threadpool_limits

one_blas_thread = threadpool_limits.wrap(limits=1, user_api="blas")
"""Decorator of the outermost functions of a fit."""
