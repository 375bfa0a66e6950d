"""Command line of the training stages: `python -m flashvdm_core.training STAGE --data DIR --out DIR [key=value ...]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
import yaml

from ..errors import FlashVDMError
from .export import export
from .flow import FlowConfig, train_flow
from .runner import read_config
from .vae import VAEConfig, train_vae

_NEEDS = {"vae": ("data",), "flow": ("data", "vae"), "export": ("vae", "flow")}


def main(argv: list[str] | None = None) -> int:
    """Run one stage; it resumes where `--out` holds an earlier part of it. Exit status 1 with one sentence on failure."""
    parser = argparse.ArgumentParser(prog="python -m flashvdm_core.training", description="Train one stage; resumes by itself.")
    parser.add_argument("stage", choices=["vae", "flow", "export"])
    parser.add_argument("--data", type=Path, help="folder written by flashvdm_core.training.prepare (for vae and flow)")
    parser.add_argument("--out", type=Path, required=True, help="folder of this stage's run, or of the exported checkpoint")
    parser.add_argument("--vae", type=Path, help="folder of the finished vae stage (for flow and export)")
    parser.add_argument("--flow", type=Path, help="folder of the finished flow stage (for export)")
    parser.add_argument("--config", type=Path, help="YAML file with keys of the stage's config")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads, 0 for torch's choice")
    parser.add_argument("override", nargs="*", help="key=value, over the config file")
    args = parser.parse_intermixed_args(argv)
    if args.threads:
        torch.set_num_threads(args.threads)
    try:
        if bad := [text for text in args.override if "=" not in text]:
            parser.error(f"not key=value: {bad[0]}")
        overrides = {k: yaml.safe_load(v) for k, v in (text.split("=", 1) for text in args.override)}
        missing = [f"--{name}" for name in _NEEDS[args.stage] if getattr(args, name) is None]
        if missing:
            parser.error(f"the stage {args.stage} needs {' and '.join(missing)}")
        if args.stage == "vae":
            train_vae(read_config(VAEConfig, args.config, overrides), args.data, args.out)
        elif args.stage == "flow":
            train_flow(read_config(FlowConfig, args.config, overrides), args.data, args.vae, args.out)
        else:
            export(args.vae, args.flow, args.out)
    except FlashVDMError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
