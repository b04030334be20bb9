"""The hard cases under other kernels."""
