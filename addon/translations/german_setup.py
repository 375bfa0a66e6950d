"""German: sentences that have values in them, of downloads, Set Up and the check of the system."""

TABLE = {
    "{} sends another part of {} than it was asked for; use a mirror.": (
        "{} schickt einen anderen Teil von {} als verlangt; nimm einen Spiegelserver."
    ),
    "A web page came in place of {}: from a firewall, or from a network that wants you to sign in; open any web page in "
    "your browser, or ask whoever runs the network.": (
        "Statt {} kam eine Webseite: von einer Firewall oder von einem Netz, das eine Anmeldung will; öffne eine Webseite "
        "im Browser oder frage, wer das Netz betreibt."
    ),
    "{} has {} on {} where {} were expected, so it is another file; use another mirror, or a newer version of FlashVDM.": (
        "{} hat {} bei {}, wo {} erwartet wurden; es ist eine andere Datei: Nimm einen anderen Spiegelserver oder ein "
        "neueres FlashVDM."
    ),
    "{} needs {} and {} has {} free; free some space, or choose another disk.": (
        "{} braucht {}, und auf {} sind {} frei; schaffe Platz oder wähle eine andere Platte."
    ),
    "{} came damaged, or is another file than was asked for (its hash is wrong), and was thrown away; try again, or use "
    "another mirror or network.": (
        "{} kam beschädigt an oder ist eine andere Datei als verlangt (die Prüfsumme stimmt nicht) und wurde weggeworfen; "
        "versuche es noch einmal oder nimm einen anderen Server oder ein anderes Netz."
    ),
    "{} cannot be written ({}); check the disk, or choose another folder.": (
        "{} lässt sich nicht schreiben ({}); prüfe die Platte oder wähle einen anderen Ordner."
    ),
    "The disk is full: {} does not fit into {}; free some space, and go on where it stopped.": (
        "Die Platte ist voll: {} passt nicht in {}; schaffe Platz, dann geht es da weiter, wo es aufhörte."
    ),
    "The folder {} may not be written; correct its permissions, or choose another folder.": (
        "In den Ordner {} darf nicht geschrieben werden; ändere seine Rechte oder wähle einen anderen."
    ),
    "The path {} is too long or not allowed on this disk; choose a folder with a shorter name.": (
        "Der Pfad {} ist zu lang oder auf dieser Platte nicht erlaubt; wähle einen Ordner mit kürzerem Namen."
    ),
    "'{}' is no file name to download to.": "„{}“ ist kein Dateiname zum Herunterladen.",
    "{} cannot be reached ({}); check the connection to the internet, or the firewall.": (
        "{} ist nicht zu erreichen ({}); prüfe die Internetverbindung oder die Firewall."
    ),
    "{} is out of order for the moment ({}); try again later, or use a mirror.": (
        "{} ist gerade außer Betrieb ({}); versuche es später noch einmal oder nimm einen Spiegelserver."
    ),
    "{} answers {} with {} {}; try again later.": "{} antwortet {} mit {} {}; versuche es später noch einmal.",
    "{} has had too many requests from here (429); try again later, or enter an access token.": (
        "{} bekam zu viele Anfragen von hier (429); versuche es später noch einmal oder gib einen Zugangsschlüssel an."
    ),
    "The proxy {} does not let this through ({}); ask whoever runs it, or use a mirror.": (
        "Der Proxy {} lässt das nicht durch ({}); frage, wer ihn betreibt, oder nimm einen Spiegelserver."
    ),
    "'{}' is no address of a file; correct the address.": "„{}“ ist keine Adresse einer Datei; berichtige sie.",
    "The certificate of {} cannot be trusted ({}): a firewall may stand between; check the clock of this computer, or set "
    "SSL_CERT_FILE to your company's certificates.": (
        "Dem Zertifikat von {} ist nicht zu trauen ({}): Vielleicht steht eine Firewall dazwischen; prüfe die Uhr dieses "
        "Rechners oder setze SSL_CERT_FILE auf die Zertifikate deiner Firma."
    ),
    "{} is too slow or does not answer; try again later, or use a mirror.": (
        "{} ist zu langsam oder antwortet nicht; versuche es später noch einmal oder nimm einen Spiegelserver."
    ),
    "The proxy {} does not answer; correct it in the system's network settings.": (
        "Der Proxy {} antwortet nicht; berichtige ihn in den Netzwerkeinstellungen des Systems."
    ),
    "{} cannot be found; check the connection to the internet.": "{} ist nicht zu finden; prüfe die Internetverbindung.",
    "The connection to {} was cut; try again, it goes on where it stopped.": (
        "Die Verbindung zu {} brach ab; versuche es noch einmal, es geht da weiter, wo es aufhörte."
    ),
    "'{}' is no address of a file ({}); correct the address.": "„{}“ ist keine Adresse einer Datei ({}); berichtige sie.",
    "{} is given only to those who were let in: open {}, {}, then try again.": (
        "{} bekommt nur, wer zugelassen ist: Öffne {}, {}, und versuche es dann noch einmal."
    ),
    "{} does not know the access token (401), or there is no such file; make a new token, or remove it.": (
        "{} kennt den Zugangsschlüssel nicht (401), oder die Datei gibt es nicht; mache einen neuen Schlüssel oder entferne ihn."
    ),
    "{} wants an access token for {} (401); make one on its site and enter it.": (
        "{} verlangt einen Zugangsschlüssel für {} (401); mache einen auf der Seite und trage ihn ein."
    ),
    "{} does not allow {} to be downloaded (403); check the access token, or whether a firewall forbids it.": (
        "{} erlaubt nicht, {} herunterzuladen (403); prüfe den Zugangsschlüssel, oder ob eine Firewall es verbietet."
    ),
    "{} has no {} at this place ({}); get a newer version of FlashVDM, or use another mirror.": (
        "{} hat kein {} an dieser Stelle ({}); hole ein neueres FlashVDM oder nimm einen anderen Spiegelserver."
    ),
    "{} has no more of {} (416).": "{} hat nicht mehr von {} (416).",
    "{} may not give {} to your country (451).": "{} darf {} nicht in dein Land geben (451).",
    "This network wants you to sign in first (511); open a web page in the browser, then try again.": (
        "Dieses Netz will erst eine Anmeldung (511); öffne eine Webseite im Browser und versuche es dann noch einmal."
    ),
    "{} has had too many requests from here (429); try again in {} minutes.": (
        "{} bekam zu viele Anfragen von hier (429); versuche es in {} Minuten noch einmal."
    ),
    "The proxy {} wants a name and password (407); put them into the system's proxy settings.": (
        "Der Proxy {} will Name und Passwort (407); trage sie in die Proxy-Einstellungen des Systems ein."
    ),
    "The access token holds characters that no token has; copy it again.": (
        "Der Zugangsschlüssel enthält Zeichen, die keiner hat; kopiere ihn noch einmal."
    ),
    "{} leads to an address without encryption; use another mirror or network.": (
        "{} führt zu einer unverschlüsselten Adresse; nimm einen anderen Spiegelserver oder ein anderes Netz."
    ),
    "'{}' is no folder for Set Up: {} is missing in it; choose the one that build.py made.": (
        "„{}“ ist kein Ordner zum Einrichten: {} fehlt darin; wähle den, den build.py gemacht hat."
    ),
    "'{}' is for {}; take the one for {}-{}.": "„{}“ ist für {}; nimm den für {}-{}.",
    "'{}' is not whole ({} is missing); copy the whole folder again.": (
        "„{}“ ist nicht vollständig ({} fehlt); kopiere den ganzen Ordner noch einmal."
    ),
    "There is no Python in '{}'; copy the whole folder again.": (
        "In „{}“ ist kein Python; kopiere den ganzen Ordner noch einmal."
    ),
    "Press Set Up again: it takes the PyTorch that fits.": "Drücke noch einmal auf Einrichten: Es nimmt das passende PyTorch.",
    ", or go on with the processor.": ", oder mach mit dem Prozessor weiter.",
    "the processor is used. A Python with a PyTorch of your own can be chosen in the preferences.": (
        "der Prozessor wird benutzt. Ein Python mit einem eigenen PyTorch lässt sich in den Einstellungen wählen."
    ),
    "PyTorch is no longer published for Macs with Intel's processors; use a Mac with Apple's, or another computer.": (
        "PyTorch erscheint nicht mehr für Macs mit Prozessoren von Intel; nimm einen Mac mit einem von Apple oder einen "
        "anderen Rechner."
    ),
    "The {} is not used: there is no checked PyTorch {}; the processor works.": (
        "{} wird nicht benutzt: Es gibt kein geprüftes PyTorch {}; der Prozessor geht."
    ),
    "{}; choose a Python that has it under Python in the preferences, or use another computer.": (
        "{}; wähle unter Python in den Einstellungen ein Python, das es hat, oder nimm einen anderen Rechner."
    ),
    "The lists of packages are missing; install the extension again.": (
        "Die Listen der Pakete fehlen; installiere die Erweiterung noch einmal."
    ),
    "PyTorch needs macOS {} or later; update macOS and press Set Up again.": (
        "PyTorch braucht macOS {} oder neuer; aktualisiere macOS und drücke noch einmal auf Einrichten."
    ),
    "The driver of the {} does not work; install NVIDIA's driver (580 or later) and press Set Up again.": (
        "Der Treiber von {} geht nicht; installiere den von NVIDIA (580 oder neuer) und drücke noch einmal auf Einrichten."
    ),
    "The {} (capability {}) is too old for PyTorch; the processor works in its place.": (
        "{} (Fähigkeit {}) ist zu alt für PyTorch; stattdessen geht der Prozessor."
    ),
    "The {} needs an NVIDIA driver of 580 or later, and this one is {}; update it and press Set Up again, or go on with "
    "the processor.": (
        "{} braucht einen Treiber von NVIDIA ab 580, und dieser ist {}; aktualisiere ihn und drücke noch einmal auf "
        "Einrichten, oder mach mit dem Prozessor weiter."
    ),
    "{}, or go on with the processor.": "{}, oder mach mit dem Prozessor weiter.",
    "The NVIDIA driver {} works with CUDA 12.6; one of 580 or later is better: it gets CUDA 13.0.": (
        "Der NVIDIA-Treiber {} geht mit CUDA 12.6; einer ab 580 ist besser: Er bekommt CUDA 13.0."
    ),
    "'{}' cannot be written ({}); correct its permissions, or free its disk.": (
        "„{}“ lässt sich nicht schreiben ({}); ändere die Rechte oder schaffe Platz auf der Platte."
    ),
    "'{}' cannot be deleted; close programs that use it and remove it again.": (
        "„{}“ lässt sich nicht löschen; schließe Programme, die es benutzen, und entferne es noch einmal."
    ),
    "Another Blender is setting FlashVDM up at this moment; wait for its end.": (
        "Ein anderes Blender richtet FlashVDM gerade ein; warte, bis es fertig ist."
    ),
    "Python {} was downloaded and is not there; a virus scanner may have taken it away.": (
        "Python {} wurde heruntergeladen und ist nicht da; vielleicht hat ein Virenscanner es weggenommen."
    ),
    "There is no PyTorch '{}' for this machine; choose one of: {}.": (
        "Es gibt kein PyTorch „{}“ für diesen Rechner; wähle eines von: {}."
    ),
    "'{}' is no Python of 64 bits that works; choose another.": (
        "„{}“ ist kein Python mit 64 Bit, das läuft; wähle ein anderes."
    ),
    "'{}' is Python {}.{}, and the packages are for {}; choose another.": (
        "„{}“ ist Python {}.{}, und die Pakete sind für {}; wähle ein anderes."
    ),
    "The path '{}' is too long for Windows; switch long paths on (LongPathsEnabled), or start Blender with "
    "BLENDER_USER_RESOURCES set to a short folder.": (
        "Der Pfad „{}“ ist zu lang für Windows; schalte lange Pfade ein (LongPathsEnabled), oder starte Blender mit "
        "BLENDER_USER_RESOURCES auf einem kurzen Ordner."
    ),
    "{}; free some space and press Set Up again.": "{}; schaffe Platz und drücke noch einmal auf Einrichten.",
    "The list of packages '{}' is damaged; install the extension again.": (
        "Die Liste der Pakete „{}“ ist beschädigt; installiere die Erweiterung noch einmal."
    ),
    "The list of packages '{}' is missing; install the extension again.": (
        "Die Liste der Pakete „{}“ fehlt; installiere die Erweiterung noch einmal."
    ),
    "A package is not the one that was checked ({}); press Set Up again, and if it stays, another index or network.": (
        "Ein Paket ist nicht das geprüfte ({}); drücke noch einmal auf Einrichten, und wenn es bleibt, nimm ein anderes "
        "Verzeichnis oder Netz."
    ),
    "The disk of '{}' is full; free some space and press Set Up again.": (
        "Die Platte von „{}“ ist voll; schaffe Platz und drücke noch einmal auf Einrichten."
    ),
    "The server's certificate is not trusted here; a proxy or virus scanner may replace it: ask for its certificate and "
    "name its file in SSL_CERT_FILE.": (
        "Dem Zertifikat des Servers wird hier nicht getraut; vielleicht ersetzt es ein Proxy oder Virenscanner: Frage nach "
        "dessen Zertifikat und nenne seine Datei in SSL_CERT_FILE."
    ),
    "The proxy asks for a name and a password; put them into HTTPS_PROXY.": (
        "Der Proxy fragt nach Name und Passwort; trage sie in HTTPS_PROXY ein."
    ),
    "The server refuses the download (401 or 403); a proxy or firewall may forbid it: try another network, or set up from "
    "a folder.": (
        "Der Server verweigert den Download (401 oder 403); vielleicht verbietet ihn ein Proxy oder eine Firewall: "
        "Versuche ein anderes Netz oder richte aus einem Ordner ein."
    ),
    "The server has too many visitors; press Set Up again in some minutes.": (
        "Der Server hat zu viele Besucher; drücke in einigen Minuten noch einmal auf Einrichten."
    ),
    "The server has trouble; press Set Up again in some minutes.": (
        "Der Server hat Schwierigkeiten; drücke in einigen Minuten noch einmal auf Einrichten."
    ),
    "The server cannot be reached or the download broke off; check network, proxy and firewall and press Set Up again: it "
    "goes on with what is there.": (
        "Der Server ist nicht zu erreichen, oder der Download brach ab; prüfe Netz, Proxy und Firewall und drücke noch "
        "einmal auf Einrichten: Es geht mit dem weiter, was da ist."
    ),
    "'{}' cannot be written; correct its permissions, or let the virus scanner pass it.": (
        "„{}“ lässt sich nicht schreiben; ändere die Rechte oder lass den Virenscanner es durchlassen."
    ),
    "What came is no package; a proxy or firewall may have sent a page in its place: try another network, or set up from a "
    "folder.": (
        "Was kam, ist kein Paket; vielleicht schickte ein Proxy oder eine Firewall stattdessen eine Seite: Versuche ein "
        "anderes Netz oder richte aus einem Ordner ein."
    ),
    "A package is missing there ({}); try the usual index, or another folder.": (
        "Ein Paket fehlt dort ({}); versuche das übliche Verzeichnis oder einen anderen Ordner."
    ),
    "The installation failed ({}); the log has the rest.": "Das Einrichten ist gescheitert ({}); das Protokoll sagt den Rest.",
    "The trial made no mesh; what was there before is as it was, and the log says more.": (
        "Der Versuch ergab kein Mesh; was vorher da war, ist, wie es war, und das Protokoll sagt mehr."
    ),
    "The trial did not end within {} minutes; the log says how far it came.": (
        "Der Versuch endete nicht in {} Minuten; das Protokoll sagt, wie weit er kam."
    ),
    "The trial failed ({}); what was there before is as it was, and the log says more.": (
        "Der Versuch ist gescheitert ({}); was vorher da war, ist, wie es war, und das Protokoll sagt mehr."
    ),
    "The trial answered something odd ({}); the log says more.": (
        "Der Versuch antwortete etwas Seltsames ({}); das Protokoll sagt mehr."
    ),
    "The new Python cannot be run ({}); a virus scanner may hold it back.": (
        "Das neue Python lässt sich nicht ausführen ({}); vielleicht hält ein Virenscanner es zurück."
    ),
    "The installer in the extension is damaged; install the extension again.": (
        "Das Installationsprogramm in der Erweiterung ist beschädigt; installiere die Erweiterung noch einmal."
    ),
    "This zip of FlashVDM is the one for all systems and has no installer in it; install the zip for your system.": (
        "Dieses Zip von FlashVDM ist das für alle Systeme und hat kein Installationsprogramm; installiere das für dein System."
    ),
    "uv cannot be run ({}); a virus scanner may hold it back.": (
        "uv lässt sich nicht ausführen ({}); vielleicht hält ein Virenscanner es zurück."
    ),
    "Press Set Up, or install PyTorch in this Python; pytorch.org/get-started names the command for your graphics card.": (
        "Drücke auf Einrichten, oder installiere PyTorch in diesem Python; pytorch.org/get-started nennt den Befehl für "
        "deine Grafikkarte."
    ),
    "built for CUDA {}": "für CUDA {} gebaut",
    ", where large models take minutes": ", wo große Modelle Minuten brauchen",
    "{} computes on {}: {}, capability {}.{}, {} of memory": "{} rechnet auf {}: {}, Fähigkeit {}.{}, {} Speicher",
    "Update the graphics driver, or press Set Up again for the PyTorch that fits this card.": (
        "Aktualisiere den Treiber der Grafikkarte, oder drücke noch einmal auf Einrichten für das passende PyTorch."
    ),
    "{} is {}": "{} ist {}",
    "built for ROCm {}": "für ROCm {} gebaut",
    "{} computes on {}{}": "{} rechnet auf {}{}",
    "does not work ({}: {})": "läuft nicht ({}: {})",
    "Set the device to auto.": "Stelle das Gerät auf Automatisch.",
    "cannot be used: {}": "lässt sich nicht benutzen: {}",
    "does not work (No module named '{}')": "läuft nicht (No module named '{}')",
    "is not installed": "ist nicht installiert",
    "not a finding": "kein Befund",
    "the check failed ({}: {})": "die Prüfung ist gescheitert ({}: {})",
    "Please report this line.": "Bitte melde diese Zeile.",
    "{} free{}, the model needs about {}": "{} frei{}, das Modell braucht etwa {}",
    "{} decodes with {}": "{} dekodiert mit {}",
    "Close other programs, choose a smaller model, or lower the resolution.": (
        "Schließe andere Programme, wähle ein kleineres Modell oder eine kleinere Netzfeinheit."
    ),
    "the model needs about {}, or {} with its parts taking turns": (
        "das Modell braucht etwa {}, oder {}, wenn seine Teile sich abwechseln"
    ),
    "{} free, {}": "{} frei, {}",
    "its list of hashes is missing": "seine Liste der Prüfsummen fehlt",
    "Install the extension again.": "Installiere die Erweiterung noch einmal.",
    " of {}": " von {}",
    "{} is missing or damaged": "{} fehlt oder ist beschädigt",
    "Choose another folder as the model, or download this one again.": (
        "Wähle einen anderen Ordner als Modell, oder lade dieses noch einmal herunter."
    ),
    "{} was not examined: {} is missing": "{} wurde nicht geprüft: {} fehlt",
    "Install what is missing first.": "Installiere zuerst, was fehlt.",
    "{}: {} is damaged": "{}: {} ist beschädigt",
    "Copy or download this model again.": "Kopiere dieses Modell noch einmal oder lade es noch einmal herunter.",
    "{} has the right files ({}, stored in {})": "{} hat die richtigen Dateien ({}, gespeichert als {})",
    "Finish its download, or remove its folder.": "Lade es fertig herunter, oder entferne seinen Ordner.",
    "It works; {}.": "Es geht; {}.",
    "It works, and would be faster with other programs closed.": (
        "Es geht, und ginge schneller, wenn andere Programme geschlossen wären."
    ),
    "{} in all": "{} insgesamt",
    "the system does not say how much is free": "das System sagt nicht, wie viel frei ist",
    "cuts objects out of any background": "stellt Objekte vor jedem Hintergrund frei",
    "makes CUDA graphics cards faster": "macht CUDA-Grafikkarten schneller",
    "spreads batches over a cluster": "verteilt Stapel auf einen Cluster",
    "Run: {} -m pip install --upgrade {}": "Führe aus: {} -m pip install --upgrade {}",
    "Install triton (Windows: triton-windows) in this Python for faster decoding.": (
        "Installiere triton (Windows: triton-windows) in diesem Python, um schneller zu dekodieren."
    ),
    "of unknown version": "von unbekannter Version",
    "{}, 32 bits": "{}, 32 Bit",
    "Choose a Python of 64 bits: PyTorch exists for no other.": (
        "Wähle ein Python mit 64 Bit: Für ein anderes gibt es kein PyTorch."
    ),
    "there is a CUDA graphics card and no triton": "es gibt eine CUDA-Grafikkarte und kein triton",
    "does not work ({})": "läuft nicht ({})",
    "{} is not installed ({})": "{} ist nicht installiert ({})",
    "{} can be written, {} free": "{} lässt sich beschreiben, {} frei",
    "Free some space on this disk: meshes and pictures pass through this folder.": (
        "Schaffe Platz auf dieser Platte: Meshes und Bilder gehen durch diesen Ordner."
    ),
    "{} cannot be written ({})": "{} lässt sich nicht beschreiben ({})",
    "Correct its permissions, or free space on its disk.": "Ändere die Rechte, oder schaffe Platz auf der Platte.",
    "Free some space on this disk: large meshes may not fit.": (
        "Schaffe Platz auf dieser Platte: Große Meshes passen vielleicht nicht."
    ),
}
"""The English template, each value a pair of braces -> the German one."""
