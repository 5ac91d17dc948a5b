"""The hot half: find a good credential and write it, importing almost nothing.

May import ``sys``, ``os``, ``time``, ``ctypes``, a built-in hash, and each other; a test holds it to that.
"""
