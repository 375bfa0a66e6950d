"""What uv says when it fails, as one sentence with a remedy. The first that matches counts."""

from __future__ import annotations

import re
from pathlib import Path

from ..api.errors import SetupError

_SENTENCES: tuple[tuple[str, str], ...] = (
    (
        r"hash mismatch|Hash mismatch|hashes? (do|does) not match",
        "A package is not the one that was checked ({what}); press Set Up again, and if it stays, another index or network.",
    ),
    (
        r"No space left|os error 28\b|os error 112\b|not enough space|Disk quota|os error 122\b",
        "The disk of '{folder}' is full; free some space and press Set Up again.",
    ),
    (
        r"certificate|UnknownIssuer|InvalidCertificate",
        "The server's certificate is not trusted here; a proxy or virus scanner may replace it: "
        "ask for its certificate and name its file in SSL_CERT_FILE.",
    ),
    (r"\b407\b|Proxy Authentication", "The proxy asks for a name and a password; put them into HTTPS_PROXY."),
    (
        r"\b40[13]\b.*(Unauthorized|Forbidden)|(Unauthorized|Forbidden)",
        "The server refuses the download (401 or 403); a proxy or firewall may forbid it: try another network, "
        "or set up from a folder.",
    ),
    (r"\b429\b|Too Many Requests", "The server has too many visitors; press Set Up again in some minutes."),
    (r"\b50[0-9]\b.*(error|Unavailable|Gateway)", "The server has trouble; press Set Up again in some minutes."),
    (
        r"dns error|failed to lookup|[Cc]onnection refused|timed? ?out|tcp connect|error sending request|connection (was )?reset"
        r"|Network is unreachable|offline|Network connectivity is disabled|peer closed|error decoding response|IncompleteMessage",
        "The server cannot be reached or the download broke off; check network, proxy and firewall and press Set Up again: "
        "it goes on with what is there.",
    ),
    (
        r"Permission denied|os error 13\b|Read-only|os error 30\b|Access is denied|os error 5\b|os error 32\b",
        "'{folder}' cannot be written; correct its permissions, or let the virus scanner pass it.",
    ),
    (
        r"[Ii]nvalid (zip|gzip|tar)|Failed to extract|not a zip|EOF|end of file|unsupported compression|text/html|invalid HTML",
        "What came is no package; a proxy or firewall may have sent a page in its place: try another network, "
        "or set up from a folder.",
    ),
    (
        r"\b404\b|No solution found|no (matching|wheels?|versions?)|was not found|not found in the",
        "A package is missing there ({what}); try the usual index, or another folder.",
    ),
)


def error_for(output: str, folder: Path) -> SetupError:
    """The error for what uv wrote to standard error while it worked in `folder`."""
    lines = [line.strip(" \t×│╰─▶├") for line in output.splitlines() if line.strip()]
    known = re.search(r"`([A-Za-z0-9._-]+==[^`]+)`|Failed to (?:download|fetch)[: ]+`?([^`\s]+)", output)
    what = next((part for part in known.groups() if part), "") if known else ""
    what = what or (lines[-1][:160] if lines else "no reason given")
    for pattern, sentence in _SENTENCES:
        if re.search(pattern, output):
            return SetupError(sentence.format(what=what, folder=folder))
    reason = next((line for line in lines if line.startswith("error")), lines[-1] if lines else "no reason given")
    return SetupError(f"The installation failed ({reason[:300]}); the log has the rest.")
