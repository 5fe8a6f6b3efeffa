"""Tools that know nothing of formulas or networks: files, threads, kernels, progress, words.

They stand below all other rooms, and import none of them but ``errors``.
"""
