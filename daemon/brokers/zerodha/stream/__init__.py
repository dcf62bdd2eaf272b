"""Zerodha's ticker: prices as they come, and word of orders.

`connection` is a protocol without any I/O: what came in and the present instant go in, what is to
be done and what was learned come out. `ticker` is the shell around it, and `socket` the way out.
"""
