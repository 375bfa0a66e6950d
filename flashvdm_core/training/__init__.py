"""The former name of `flashvdm_core.lab.training`, for its commands alone."""
