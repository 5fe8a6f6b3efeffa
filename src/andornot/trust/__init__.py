"""How far an explanation can be trusted: on other samples, on resamples, and against chance.

An explanation was searched for among very many formulas, so part of its score may be luck. All
answers here come from counts: on samples that the search did not see (``held_out``), on samples
drawn again (``stability``), and where there is nothing to find (``chance``).
"""
