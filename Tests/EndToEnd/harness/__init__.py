"""Tools for the end-to-end tests: a client, an upstream, tokens, certificates and the gateway's process.

None of it shares code with Gatehouse, so a mistake made there is not repeated here.
"""
