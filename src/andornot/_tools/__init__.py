"""Tools that know nothing of formulas or networks: files, threads, kernels, progress, words."""
