#!/usr/bin/env python3
"""Build, test and show FlashVDM for Blender. Each command does all its own set-up.

python build.py demo [IMAGE]   an image to a mesh in real Blender, with a picture of it
python build.py test           everything: style, types, core, host mock, parity, Blender 4.5 and 5.2
python build.py check          style, types, and the floor plan: rooms, arrows, cycles
python build.py package        the extension's zips, in dist/
python build.py package --bundle-runtime linux-x64-cpu   a folder for Set Up without internet, in dist/
python build.py lock           the lists of packages that Set Up installs, in requirements/runtime/
python build.py bench          times of every stage, in docs/performance/
python build.py soak           random actions of a user in real Blender for half an hour: --minutes N, --seed N, --newest
python build.py gui RUNNER     a tour through the add-on in Blender's real window, with pictures in build/gui/
python build.py gui RUNNER --hour   an artist's first hour there, in English and German: a photograph to an exported mesh
python build.py gui RUNNER --install BUNDLE   the way from the zip to a public model there; BUNDLE is of --bundle-runtime
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from builder import bundle, checks, demo, extension, gui
from builder.environments import MAIN, ROOT, BuildError, run


def main() -> int:
    """Run one command; the exit status is 0 where everything it does succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    demo_parser = commands.add_parser("demo", help="an image to a mesh in real Blender, with a picture of it")
    demo_parser.add_argument("image", nargs="?", type=Path, default=demo.SAMPLE, help="the image (default: %(default)s)")
    commands.add_parser("test", help="everything that is tested")
    commands.add_parser("check", help="style, types and the floor plan")
    package = commands.add_parser("package", help="the extension's zips, in dist/")
    package.add_argument("--bundle-runtime", metavar="NAME", help="in place of the zips: a folder for Set Up without internet")
    package.add_argument("--python", type=Path, metavar="FOLDER", help="an installation of Python for it (default: downloaded)")
    lock = commands.add_parser("lock", help="the lists of packages that Set Up installs")
    lock.add_argument("names", nargs="*", metavar="NAME", help="of a build (default: all)")
    commands.add_parser("bench", help="times of every stage, in docs/performance/")
    soak = commands.add_parser("soak", help="random actions of a user in real Blender")
    soak.add_argument("--minutes", type=float, default=30.0, help="how long (default: %(default)s)")
    soak.add_argument("--seed", type=int, help="the same actions again (default: others each time)")
    soak.add_argument("--newest", action="store_true", help="in Blender 5.2 (default: 4.5)")
    soak.add_argument("--real", action="store_true", help="with the real worker and the built-in model, not a stand-in")
    gui_parser = commands.add_parser("gui", help="a tour through the add-on in Blender's real window, with pictures")
    gui_parser.add_argument("runner", type=Path, help="the program that brings Blender and a screen; see builder/gui.py")
    gui_parser.add_argument("image", nargs="?", type=Path, default=demo.SAMPLE, help="the image (default: %(default)s)")
    gui_parser.add_argument(
        "--model", type=Path, help="a folder with config.yaml and model.safetensors (default: the embedded model)"
    )
    gui_parser.add_argument(
        "--install", type=Path, metavar="BUNDLE", help="the way from the zip to a mesh instead, with a folder for Set Up"
    )
    gui_parser.add_argument("--hour", action="store_true", help="an artist's first hour instead, in two languages")
    options = parser.parse_args()
    try:
        if options.command == "demo":
            return demo.demo(options.image)
        if options.command == "soak":
            return checks.soak(options.minutes, options.seed, options.newest, options.real)
        if options.command == "gui" and options.install is not None:
            return gui.install(options.runner, options.image, options.install)
        if options.command == "gui" and options.hour:
            return gui.hour(options.runner)
        if options.command == "gui":
            return gui.gui(options.runner, options.image, options.model)
        if options.command == "package" and options.bundle_runtime:
            bundle.report(bundle.make_bundle(options.bundle_runtime, ROOT / "dist", options.python))
            return 0
        if options.command == "lock":
            run([MAIN.ensure(), "-m", "builder.lock", *options.names], "Not every list could be made")
            return 0
        if options.command == "package":
            extension.report(extension.build_zips(ROOT / "dist", extension.PLATFORMS))
            return 0
        if options.command == "bench":
            command = [MAIN.ensure(), "-m", "flashvdm_core.lab.bench", "suite", ROOT / "docs" / "performance"]
            run(command, "Not everything could be timed")
            return 0
        return checks.test() if options.command == "test" else checks.check()
    except BuildError as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
