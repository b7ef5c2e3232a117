"""Tools for the client tests: a server with users and clients, a browser without a screen, and one with.

As in `harness`, from which the process and its certificates come, none of it shares code with Gatehouse.
"""
