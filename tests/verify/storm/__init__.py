"""An attack on the write side: workers that die, stall and come late, people who change their minds, lost hints, killed backends.

The seed fixes what is drawn, not how the database interleaves it: a rare race may need several runs.
"""
