"""The table of graphics cards: which build of PyTorch a machine gets, or what to do first. Nothing is looked at here.

What the builds run on, by PyTorch's own lists for 2.13:

| build | compute capability | NVIDIA driver |
|---|---|---|
| CUDA 13.0 | 7.5 to 12.0 | 580 or later |
| CUDA 12.6 | 5.0 to 9.0 | 525.60 or later (Linux), 528.33 or later (Windows) |
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

_PYTORCH = "https://download.pytorch.org/whl/"


@dataclass(frozen=True)
class Build:
    """A PyTorch for one kind of machine.

    Attributes:
        system, processor: what it runs on, in Blender's words: "windows", "macos", "linux"; "x64", "arm64".
        accelerator: "cpu", "cu130", "cu126", "rocm72", "xpu" or "mps".
        label: what a user calls it.
        index: of the packages that the general index has not; "": it has all.
    """

    system: str
    processor: str
    accelerator: str
    label: str
    index: str = ""

    @property
    def name(self) -> str:
        """Of the build, and of its list in requirements/runtime: "linux-x64-cpu"."""
        return f"{self.system}-{self.processor}-{self.accelerator}"


BUILDS = {
    build.name: build
    for build in (
        Build("windows", "x64", "cpu", "the processor"),
        Build("windows", "x64", "cu130", "NVIDIA graphics cards (CUDA 13.0)", f"{_PYTORCH}cu130"),
        Build("windows", "x64", "cu126", "NVIDIA graphics cards (CUDA 12.6)", f"{_PYTORCH}cu126"),
        Build("windows", "x64", "xpu", "Intel graphics cards", f"{_PYTORCH}xpu"),
        Build("linux", "x64", "cpu", "the processor", f"{_PYTORCH}cpu"),
        Build("linux", "x64", "cu130", "NVIDIA graphics cards (CUDA 13.0)"),
        Build("linux", "x64", "cu126", "NVIDIA graphics cards (CUDA 12.6)", f"{_PYTORCH}cu126"),
        Build("linux", "x64", "rocm72", "AMD graphics cards (ROCm 7.2)", f"{_PYTORCH}rocm7.2"),
        Build("linux", "x64", "xpu", "Intel graphics cards", f"{_PYTORCH}xpu"),
        Build("macos", "arm64", "mps", "Apple processors"),
    )
}
"""Every build by its name. Only those whose list of packages is there can be set up."""

ROCM_ARCHITECTURES = frozenset(
    f"gfx{name}"
    for name in ("900", "906", "908", "90a", "942", "950", "1030", "1100", "1101", "1102", "1150", "1151", "1200", "1201")
)
"""What the build for ROCm 7.2 is compiled for."""


@dataclass(frozen=True)
class Card:
    """A graphics card.

    Attributes:
        vendor: "nvidia", "amd" or "intel".
        capability: compute capability of an NVIDIA card, None where its driver does not say.
        architecture: of an AMD card: "gfx1100"; "" where it is not known.
    """

    vendor: str
    name: str
    capability: tuple[int, int] | None = None
    architecture: str = ""


@dataclass(frozen=True)
class Machine:
    """What the choice depends on.

    Attributes:
        driver: version of NVIDIA's driver, () where there is none or it does not say.
        cuda: the highest CUDA that it speaks, () where it does not say.
        macos: version of the system, () elsewhere.
    """

    system: str
    processor: str
    cards: tuple[Card, ...] = ()
    driver: tuple[int, ...] = ()
    cuda: tuple[int, ...] = ()
    macos: tuple[int, ...] = ()

    def card(self, vendor: str) -> Card | None:
        """The newest card of a vendor, by its capability."""
        cards = [card for card in self.cards if card.vendor == vendor]
        return max(cards, key=lambda card: card.capability or (0, 0), default=None)


@dataclass(frozen=True)
class Choice:
    """What a machine gets.

    Attributes:
        build: the name of the build; "": there is none for it.
        note: a sentence: why it is not the best one, and what to do; "" where all is well.
    """

    build: str
    note: str = ""


def choose(machine: Machine, listed: Collection[str]) -> Choice:
    """The row of the table for `machine`; `listed` are the builds that can be set up."""
    if machine.system == "macos":
        return _for_a_mac(machine)
    if machine.processor != "x64" or machine.system not in ("windows", "linux"):
        text = f"PyTorch is not published for {_SYSTEMS.get(machine.system, machine.system)} on {machine.processor}"
        return Choice("", f"{text}; choose a Python that has it under Python in the preferences, or use another computer.")
    wanted = _wanted(machine)
    if wanted.build in listed:
        return wanted
    cpu = f"{machine.system}-{machine.processor}-cpu"
    if cpu not in listed:
        return Choice("", "The lists of packages are missing; install the extension again.")
    card = machine.card("nvidia")
    if card is not None and card.capability is not None and card.capability >= (7, 5):
        why = f"The NVIDIA driver is too old for CUDA 13.0; update it to {_CUDA_13_DRIVER} or later and press Set Up again"
        why += ", or go on with the processor."
    else:
        why = f"There is no checked list of packages for {BUILDS[wanted.build].label} on {_SYSTEMS[machine.system]} yet: "
        why += "the processor is used. A Python with a PyTorch of your own can be chosen in the preferences."
    return Choice(cpu, why)


def misfit(machine: Machine, cuda: str, hip: str, architectures: Collection[str], listed: Collection[str]) -> tuple[str, str]:
    """(what is wrong, what to do) where the installed PyTorch does not fit the graphics card; ("", "") where it does.

    Args:
        cuda, hip: what it is built for, "13.0"; "" for neither.
        architectures: `torch.cuda.get_arch_list()`: "sm_86"; empty where it does not say.
        listed: the builds that can be set up.
    """
    again = "Press Set Up again: it takes the PyTorch that fits."
    nvidia, amd = machine.card("nvidia"), machine.card("amd")
    if cuda and nvidia is not None:
        if _version(cuda) >= (13,) and (machine.driver or machine.cuda) and not _speaks_cuda_13(machine):
            driver = f"an NVIDIA driver of {_CUDA_13_DRIVER} or later"
            return f"built for CUDA {cuda}, which needs {driver}", f"Update NVIDIA's driver, or set up again. {again}"
        if nvidia.capability is not None and architectures and not _runs(nvidia.capability, architectures):
            capability = ".".join(map(str, nvidia.capability))
            return f"built for CUDA {cuda}, without code for the {nvidia.name} (capability {capability})", again
        return "", ""
    if cuda and amd is not None:
        return f"built for NVIDIA's graphics cards, and there is the {amd.name}", again
    card = nvidia or amd or machine.card("intel")
    if cuda or hip or card is None or machine.system not in ("windows", "linux") or machine.processor != "x64":
        return "", ""
    choice = choose(machine, listed)
    if choice.build and BUILDS[choice.build].accelerator == "cpu":
        if card.vendor != "nvidia":
            return "", ""  # nothing better can be had
        again = choice.note
    return f"built for the processor alone, and there is the {card.name}", again


_SYSTEMS = {"windows": "Windows", "macos": "macOS", "linux": "Linux"}
_FIRST_MACOS = 14
_CUDA_13_DRIVER = 580
_CUDA_12_DRIVER = {"linux": (525, 60), "windows": (528, 33)}


def _for_a_mac(machine: Machine) -> Choice:
    if machine.processor != "arm64":
        note = "PyTorch is no longer published for Macs with Intel's processors; use a Mac with Apple's, or another computer."
        return Choice("", note)
    if machine.macos and machine.macos[0] < _FIRST_MACOS:
        return Choice("", f"PyTorch needs macOS {_FIRST_MACOS} or later; update macOS and press Set Up again.")
    return Choice("macos-arm64-mps")


def _wanted(machine: Machine) -> Choice:
    """The best build for a PC, whether or not its packages are listed."""
    here = f"{machine.system}-{machine.processor}"
    if machine.card("nvidia") is not None:
        accelerator, note = _for_nvidia(machine)
        return Choice(f"{here}-{accelerator}", note)
    amd = machine.card("amd")
    if amd is not None:
        if machine.system == "linux" and amd.architecture in ROCM_ARCHITECTURES:
            return Choice(f"{here}-rocm72")
        where = "on Windows" if machine.system == "windows" else f"for it ({amd.architecture or 'of unknown architecture'})"
        note = f"The {amd.name} is not used: there is no checked PyTorch {where}; the processor works."
        return Choice(f"{here}-cpu", note)
    intel = machine.card("intel")
    return Choice(f"{here}-xpu") if intel is not None and "arc" in intel.name.lower() else Choice(f"{here}-cpu")


def _for_nvidia(machine: Machine) -> tuple[str, str]:
    """(accelerator, note) for a machine with a card of NVIDIA's."""
    card = machine.card("nvidia")
    assert card is not None
    if card.capability is None:
        return (
            "cpu",
            f"The driver of the {card.name} does not work; install NVIDIA's driver (580 or later) and press Set Up again.",
        )
    capability = ".".join(map(str, card.capability))
    if card.capability < (5, 0):
        return "cpu", f"The {card.name} (capability {capability}) is too old for PyTorch; the processor works in its place."
    if card.capability >= (7, 5) and _speaks_cuda_13(machine):
        return "cu130", ""
    driver = ".".join(map(str, machine.driver)) or "of unknown version"
    if card.capability >= (10, 0):
        return "cpu", (
            f"The {card.name} needs an NVIDIA driver of 580 or later, and this one is {driver}; "
            "update it and press Set Up again, or go on with the processor."
        )
    if machine.driver and machine.driver < _CUDA_12_DRIVER[machine.system]:
        note = f"The NVIDIA driver {driver} is too old; update it to 580 or later and press Set Up again"
        return "cpu", f"{note}, or go on with the processor."
    if card.capability >= (7, 5):
        return "cu126", f"The NVIDIA driver {driver} works with CUDA 12.6; one of 580 or later is better: it gets CUDA 13.0."
    return "cu126", ""


def _speaks_cuda_13(machine: Machine) -> bool:
    if machine.driver:
        return machine.driver[0] >= _CUDA_13_DRIVER
    return machine.cuda >= (13,)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2] if part.isdigit())


def _runs(capability: tuple[int, int], architectures: Collection[str]) -> bool:
    """Whether one of "sm_86" or "compute_90" serves a card: code of its own generation, or any older one to be compiled."""
    for name in architectures:
        kind, _, number = name.partition("_")
        digits = "".join(letter for letter in number if letter.isdigit())
        if len(digits) < 2:
            continue
        built = int(digits[:-1]), int(digits[-1])
        if (kind == "sm" and built[0] == capability[0] and built <= capability) or (kind == "compute" and built <= capability):
            return True
    return False
