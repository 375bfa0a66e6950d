"""What is right and wrong on this machine, each with a remedy. Imports nothing but the standard library.

It must work where nothing else does, so PyTorch and all other packages are imported inside the checks that need them.
"""
