"""German."""

from ..blender.texts import CONTEXT

_OPERATORS = {
    "Export…": "Exportieren …",
    "Add FlashVDM Preset": "FlashVDM-Vorgabe hinzufügen",
    "Add to Queue": "In die Warteschlange",
    "Batch": "Stapel",
    "Batch…": "Stapel…",
    "Cancel Batch": "Stapel abbrechen",
    "Cancel": "Abbrechen",
    "Cancel Set Up": "Einrichten abbrechen",
    "Download and Install": "Laden und einrichten",
    "From Folder…": "Aus Ordner…",
    "Install": "Einrichten",
    "Repair": "Reparieren",
    "Set Up": "Einrichten",
    "Show Log": "Protokoll zeigen",
    "Update": "Aktualisieren",
    "Clear History": "Verlauf leeren",
    "Clear Queue": "Warteschlange leeren",
    "Copy Report": "Bericht kopieren",
    "Full Mesh": "Volles Mesh",
    "Generate Again": "Noch einmal erzeugen",
    "Generate": "Erzeugen",
    "Open Image": "Bild öffnen",
    "Choose Subject": "Motiv wählen",
    "Clear Mask": "Maske leeren",
    "Mask Box": "Maskenrechteck",
    "Mask Brush": "Maskenpinsel",
    "Paint Mask": "Maske malen",
    "Open Preferences": "Einstellungen öffnen",
    "Remove": "Entfernen",
    "Reset to Defaults": "Auf Vorgaben zurücksetzen",
    "Select Object": "Objekt auswählen",
    "Set Quality": "Qualität einstellen",
    "Straighten": "Gerade hinstellen",
    "Show Textures": "Texturen zeigen",
    "Show Details": "Einzelheiten zeigen",
    "Clipboard": "Zwischenablage",
    "Accept and Download": "Zustimmen und herunterladen",
    "Built-in Model": "Eingebautes Modell",
    "Dismiss": "Schließen",
    "Download": "Herunterladen",
    "Pause": "Anhalten",
    "Read Licence": "Lizenz lesen",
    "Remove Model": "Modell entfernen",
    "Use This Model": "Dieses Modell benutzen",
    "Generate Variants": "Varianten erzeugen",
    "Keep This One": "Diese behalten",
}

_LABELS = {
    "Use an image that is in the .blend file": "Ein Bild benutzen, das in der .blend-Datei ist",
    "It cannot be taken up again: start it anew": "Es lässt sich nicht wieder aufnehmen: neu beginnen",
    "glTF": "glTF",
    "FBX": "FBX",
    "USD": "USD",
    "Grease Pencil Drawing": "Grease-Pencil-Zeichnung",
    "Manual": "Handbuch",
    "Clear Image": "Bild entfernen",
    "Do without an image of this side": "Ohne ein Bild dieser Seite auskommen",
    "Choose": "Wählen",
    "Live Draft": "Live-Entwurf",
    "Object": "Objekt",
    "Star": "Stern",
    "Keep it at the front": "Vorn behalten",
    "Show": "Zeigen",
    "Its mesh is gone: press Generate Again": "Sein Mesh ist weg: auf Noch einmal erzeugen drücken",
    "Discard": "Verwerfen",
    "Undone": "Rückgängig",
    "Generated": "Erzeugt",
    "Remeshed by an image": "Nach einem Bild umgeformt",
    "Another mesh": "Anderes Mesh",
    "Interpolated": "Überblendet",
    "{model}, seed {seed}": "{model}, Startwert {seed}",
    "Today at {clock}": "Heute um {clock}",
    "Yesterday at {clock}": "Gestern um {clock}",
    "Auto": "Auto",
    "What suits the model and this machine": "Was zum Modell und zu diesem Rechner passt",
    "Processor": "Prozessor",
    "The processor: slow, and works everywhere": "Der Prozessor: langsam, und geht überall",
    "Graphics Card": "Grafikkarte",
    "The first graphics card of NVIDIA or AMD": "Die erste Grafikkarte von NVIDIA oder AMD",
    "Second Graphics Card": "Zweite Grafikkarte",
    "The second graphics card of NVIDIA or AMD": "Die zweite Grafikkarte von NVIDIA oder AMD",
    "Apple Graphics": "Grafik von Apple",
    "The graphics of an Apple processor": "Die Grafik eines Prozessors von Apple",
    "Other": "Anderes",
    "The device that is named below": "Das Gerät, das darunter genannt ist",
    "Where the model runs": "Wo das Modell läuft",
    "Advanced": "Erweitert",
    "{name} does not exist": "{name} gibt es nicht",
    "{count:,} quads": "{count:,} Vierecke",
    "Shape": "Form",
    "Files": "Dateien",
    "{name} was cancelled; Again takes it up": "{name} wurde abgebrochen; Noch einmal nimmt es wieder auf",
    "Again": "Noch einmal",
    "No task has ended": "Keine Aufgabe ist zu Ende",
    "These are no images; choose {kinds}": "Das sind keine Bilder; wähle {kinds}",
    "{count} images": "{count} Bilder",
    "Generating from {names}": "Erzeugt wird aus {names}",
    "Built-in model": "Eingebautes Modell",
    "Blender": "Blender",
    "FlashVDM": "FlashVDM",
    "PyTorch": "PyTorch",
    "Python": "Python",
    "The object is hidden; show it first": "Das Objekt ist ausgeblendet; blende es zuerst ein",
    "Name the file first": "Nenne zuerst die Datei",
    "A batch is running": "Es läuft schon ein Stapel",
    "A download or a generation is running": "Es wird gerade etwas heruntergeladen oder erzeugt",
    "A generation is running": "Es wird gerade etwas erzeugt",
    "Image to 3D": "Bild zu 3D",
    "Image to 3D (FlashVDM)": "Bild zu 3D (FlashVDM)",
    "It was not kept editable: generate it again": "Es wurde nicht bearbeitbar gehalten: noch einmal erzeugen",
    "No model is loaded": "Es ist kein Modell geladen",
    "Nothing is running": "Es läuft gerade nichts",
    "Remove the color that surrounds the object": "Die Farbe entfernen, die das Objekt umgibt",
    "Set Up is not running": "Es wird nichts eingerichtet",
    "Set Up is running": "Es wird gerade eingerichtet",
    "The background process is busy": "Der Hintergrundprozess arbeitet gerade",
    "The system check is running": "Die Systemprüfung läuft",
    "AI Removal": "KI-Entfernung",
    "AI Removal (rembg)": "KI (rembg)",
    "Active Result": "Aktives Ergebnis",
    "Background Process": "Hintergrundprozess",
    "Blender Image": "Blender-Bild",
    "Checking the system": "Das System wird geprüft",
    "Color Key": "Farbschlüssel",
    "Action": "Aktion",
    "Box": "Rechteck",
    "Crop": "Zuschneiden",
    "Crop to Box": "Auf Rechteck zuschneiden",
    "Keep": "Behalten",
    "Keep Box": "Rechteck behalten",
    "Mask": "Maske",
    "Point": "Punkt",
    "Remove Box": "Rechteck entfernen",
    "Removing the background…": "Hintergrund wird entfernt…",
    "Edge": "Kante",
    "Softness": "Weichheit",
    "Decimate / Subdivide": "Verringern / Unterteilen",
    "Diagnostics": "Diagnose",
    "Factor": "Faktor",
    "Fit To": "Maß",
    "Image-Guided Remesh": "Bildgeführtes Remesh",
    "Interpolate": "Überblenden",
    "Iso Value": "Iso-Wert",
    "Keep Editable": "Bearbeitbar",
    "Largest Parts": "Größte Teile",
    "Location": "Position",
    "Masked Image": "Freigestelltes Bild",
    "Mesh Detail": "Netzfeinheit",
    "Multi-View": "Mehrere Ansichten",
    "None": "Keine",
    "OK: {topics}": "In Ordnung: {topics}",
    "Project Image": "Bild projizieren",
    "Python Interpreter": "Python",
    "Quad Remesh": "Vierecke-Remesh",
    "QuadriFlow": "QuadriFlow",
    "Render Image": "Bild rendern",
    "Select two to compare": "Zwei auswählen, um sie zu vergleichen",
    "System Check": "Systemprüfung",
    "Target Faces": "Zielflächen",
    "Test": "Testen",
    "Texture from Image": "Textur aus Bild",
    "The background process is starting": "Der Hintergrundprozess startet",
    "Timeout (min)": "Zeitgrenze (min)",
    "Tolerance": "Toleranz",
    "Prompt": "Prompt",
    "Forecast Steps": "Vorhersage",
    "Parts": "Teile",
    "How many parts the object is made of, by a model that makes it in parts, such as PartCrafter": (
        "Aus wie vielen Teilen das Objekt besteht, bei einem Modell, das es in Teilen erzeugt, wie PartCrafter"
    ),
    "Compute every third sampling step and forecast the others: a model of many steps takes less than half of the time, and "
    "the shape differs a little": (
        "Nur jeden dritten Schritt der Erzeugung rechnen und die anderen vorhersagen: Ein Modell mit vielen Schritten braucht "
        "weniger als die halbe Zeit, und die Form weicht etwas ab"
    ),
    'What the drawing shows, for a model that takes a drawing and words: "a cat with wings"': (
        "Was die Zeichnung zeigt, für ein Modell, das eine Zeichnung und Worte nimmt, auf Englisch: „a cat with wings“"
    ),
    "Unload After Idle (min)": "Entladen nach (min)",
    "Unload Model": "Modell entladen",
    "Update Mesh": "Mesh aktualisieren",
    "Use Image": "Bild übernehmen",
    "Use These Settings": "Diese Einstellungen",
    "Viewport Render": "Ansicht rendern",
    "Voxel": "Voxel",
    "Graphics card": "Grafikkarte",
    "Graphics memory": "Grafikspeicher",
    "Interpreter": "Interpreter",
    "Network": "Netz",
    "Optional": "Zusätze",
    "System": "System",
    "Versions": "Versionen",
    "Driver": "Treiber",
    "1,234.5 s": "1.234,5 s",
    "Access Token": "Zugangsschlüssel",
    "Autoencoder": "Autoencoder",
    "Base: {steps} steps, twice the work each": "Basis: {steps} Schritte mit doppelter Arbeit",
    "Built-in Model": "Eingebautes Modell",
    "Fast: {steps} steps without extra guidance": "Schnell: {steps} Schritte ohne zusätzliche Führung",
    "Folder of Models": "Ordner der Modelle",
    "Hub": "Hub",
    "Models": "Modelle",
    "Resume": "Fortsetzen",
    "South Korea": "Südkorea",
    "Try Again": "Noch einmal versuchen",
    "Turbo: {steps} steps": "Turbo: {steps} Schritte",
    "a drawing and a prompt": "eine Zeichnung und ein Prompt",
    "large": "groß",
    "one image": "ein Bild",
    "the European Union": "die Europäische Union",
    "the United Kingdom": "das Vereinigte Königreich",
    "up to {count} images": "bis zu {count} Bilder",
    "{least:.0f} to {most:.0f} GB of graphics memory": "{least:.0f} bis {most:.0f} GB Grafikspeicher",
    "{licence}. Not licensed in: {places}, results included.": (
        "{licence}. Nicht lizenziert für: {places}, auch nicht die Ergebnisse."
    ),
    "{size} on disk": "{size} auf der Platte",
    "{size} will be downloaded": "{size} werden heruntergeladen",
    "Build": "Ausführung",
    "Folder": "Ordner",
    "Package Index": "Paketverzeichnis",
    "From Block-Out": "Aus Rohform",
    "Strength": "Stärke",
    "3D Cursor": "3D-Cursor",
    "8-bit": "8 Bit",
    "Automatic": "Automatisch",
    "Back": "Hinten",
    "Background": "Hintergrund",
    "Batch": "Stapel",
    "Compare": "Vergleichen",
    "Custom": "Eigene",
    "Decoder": "Dekoder",
    "Dense": "Dicht",
    "Device": "Gerät",
    "Draft": "Entwurf",
    "Entry": "Eintrag",
    "Find the View": "Ansicht suchen",
    "Faces": "Flächen",
    "Ask": "Fragen",
    "Make Symmetric": "Symmetrisch machen",
    "Symmetry": "Symmetrie",
    "Off": "Aus",
    "Left and Right": "Links und rechts",
    "Split into Parts": "In Teile zerlegen",
    "It is one part already": "Es ist schon ein einziges Teil",
    "{count:,} parts": "{count:,} Teile",
    "Camera": "Kamera",
    "From Camera": "Durch die Kamera",
    "From View": "Durch die Ansicht",
    "Outline": "Umriss",
    "Project From": "Projizieren durch",
    "View": "Ansicht",
    "Fine": "Fein",
    "Leave": "Lassen",
    "Textures in Solid": "Texturen in Solide",
    "Flash": "Flash",
    "FlashVDM Presets": "FlashVDM-Vorgaben",
    "Floor": "Boden",
    "Format": "Format",
    "Front": "Vorne",
    "GLB": "GLB",
    "Guidance": "Bildtreue",
    "Height": "Höhe",
    "Hierarchical": "Hierarchisch",
    "History": "Verlauf",
    "Image": "Bild",
    "Images": "Bilder",
    "Input": "Eingabe",
    "Keep Images": "Bilder behalten",
    "Left": "Links",
    "Longest Side": "Längste Seite",
    "Memory Budget (GiB)": "Speichergrenze (GiB)",
    "Memory": "Speicher",
    "Mesh": "Mesh",
    "Method": "Verfahren",
    "Model": "Modell",
    "Normal": "Normal",
    "OBJ": "OBJ",
    "Output": "Ausgabe",
    "Overwrite": "Überschreiben",
    "PLY": "PLY",
    "Print Size (mm)": "Druck (mm)",
    "Straighten": "Gerade hinstellen",
    "Precision": "Genauigkeit",
    "Preview": "Vorschau",
    "Quads": "Vierecke",
    "Quality": "Qualität",
    "Queue": "Warteschlange",
    "Ray": "Ray",
    "Remove Floaters": "Ohne Schwebeteile",
    "Right": "Rechts",
    "STL": "STL",
    "Seconds": "Sekunden",
    "Seed": "Startwert",
    "Settings": "Einstellungen",
    "Shard": "Anteil",
    "Size": "Größe",
    "Steps": "Schritte",
    "Time": "Zeit",
    "Triangles": "Dreiecke",
    "Turn": "Drehung",
    "World Origin": "Weltursprung",
    "bfloat16": "bfloat16",
    "float16": "float16",
    "float32": "float32",
    "Image From": "Bild von",
    "No images in this file": "Keine Bilder in dieser Datei",
    "Variants": "Varianten",
}

_STATES = {
    "Asking the server": "Der Server wird gefragt",
    "Apple processors": "Prozessoren von Apple",
    "Cancelled; Set Up goes on from here": "Abgebrochen; Einrichten macht hier weiter",
    "Finishing": "Abschließen",
    "Looking at this machine": "Dieser Rechner wird angesehen",
    "Packages": "Pakete",
    "Preparing": "Vorbereiten",
    "PyTorch for {machine}": "PyTorch für {machine}",
    "PyTorch {version} is set up and runs on {device}": "PyTorch {version} ist eingerichtet und rechnet auf {device}",
    "PyTorch {version}, tried out on {device}": "PyTorch {version}, erprobt auf {device}",
    "Removed": "Entfernt",
    "Removing": "Entfernen",
    "Trying it out": "Ausprobieren",
    "the processor": "den Prozessor",
    "{count} packages": "{count} Pakete",
    "{done} of {size}": "{done} von {size}",
    "{vendor} graphics cards": "Grafikkarten von {vendor}",
    "{size} to download, about {disk} on the disk; it goes into Blender's folder of extensions": (
        "{size} zu laden, etwa {disk} auf der Platte; es kommt in Blenders Ordner der Erweiterungen"
    ),
    "Nothing to download, about {disk} on the disk; it goes into Blender's folder of extensions": (
        "Nichts zu laden, etwa {disk} auf der Platte; es kommt in Blenders Ordner der Erweiterungen"
    ),
    "Building the mesh": "Das Mesh wird gebaut",
    "Checking": "Prüfung",
    "Waiting for the server": "Warten auf den Server",
    "{done} of {total}": "{done} von {total}",
    "Cancelled": "Abgebrochen",
    "Cancelled: {text}": "Abgebrochen: {text}",
    "Cancelling": "Wird abgebrochen",
    "Decoder {decoder}": "Dekoder {decoder}",
    "Decoding the surface": "Die Oberfläche wird dekodiert",
    "Done in {seconds:.1f} s, {outcome}": "Fertig in {seconds:.1f} s, {outcome}",
    "Done": "Fertig",
    "Failed": "Fehlgeschlagen",
    "Forming the shape": "Die Form entsteht",
    "Loading the model": "Das Modell wird geladen",
    "Making the texture": "Die Textur wird erstellt",
    "Model {model}": "Modell {model}",
    "No difference": "Kein Unterschied",
    "Not running": "Läuft nicht",
    "Preparing the image": "Das Bild wird vorbereitet",
    "Starting another Blender": "Ein zweites Blender wird gestartet",
    "Reading the mesh": "Mesh wird gelesen",
    "Reducing the mesh": "Mesh wird verringert",
    "Laying quads": "Vierecke werden gelegt",
    "Projecting the image": "Bild wird projiziert",
    "Mirroring the mesh": "Mesh wird gespiegelt",
    "Rendering": "Wird gerendert",
    "{count:,} triangles": "{count:,} Dreiecke",
    "Putting the mesh into the scene": "Das Mesh kommt in die Szene",
    "Reading the image": "Das Bild wird gelesen",
    "Running on {device}": "Läuft auf {device}",
    "Starting": "Startet",
    "the image is in the panel": "das Bild steht in der Leiste",
    "Waiting": "Wartet",
    "What you generate is listed here": "Hier steht, was erzeugt wurde",
    "{count:,} faces": "{count:,} Flächen",
    "It stands straight already": "Es steht schon gerade",
    "{done} of {count}": "{done} von {count}",
    "{failed} failed": "{failed} fehlgeschlagen",
    "{triangles:,} triangles in {seconds:.1f} s": "{triangles:,} Dreiecke in {seconds:.1f} s",
    "about {count} min left": "noch etwa {count} min",
    "about {count} s left": "noch etwa {count} s",
}

_MESSAGES = {
    "'{file}' could not be written ({reason})": "'{file}' konnte nicht geschrieben werden ({reason})",
    "'{file}' is written": "'{file}' ist geschrieben",
    "A model is being downloaded": "Es wird gerade ein Modell heruntergeladen",
    "Blender is set to work offline: allow online access in its preferences, under System": (
        "Blender arbeitet ohne Internet: in seinen Einstellungen unter System den Zugriff erlauben"
    ),
    "It cannot be removed ({error})": "Es lässt sich nicht entfernen ({error})",
    "No licence waits to be accepted": "Keine Lizenz wartet auf Zustimmung",
    "Nothing is being downloaded": "Es wird nichts heruntergeladen",
    "Read the licence first": "Zuerst die Lizenz lesen",
    "The download ended unexpectedly.": "Der Download endete unerwartet.",
    "The licence is in the text '{name}'": "Die Lizenz steht im Text '{name}'",
    "There is no model '{name}'": "Es gibt kein Modell '{name}'",
    "There is nothing to close": "Es gibt nichts zu schließen",
    "{size} are free again": "{size} sind wieder frei",
    "{terms} Read them, and give accept_licence=True.": "{terms} Lies sie und gib accept_licence=True an.",
    "Nothing is set up": "Nichts ist eingerichtet",
    "Press Set Up first: it says what it would do": "Zuerst auf Einrichten drücken: Es sagt, was es täte",
    "Set Up broke off ({reason}).": "Das Einrichten brach ab ({reason}).",
    "The log is in the text '{name}'": "Das Protokoll steht im Text „{name}“",
    "There is no log yet": "Es gibt noch kein Protokoll",
    "Choose an image first": "Zuerst ein Bild wählen",
    "One of the two must be the active object": "Eines der beiden muss das aktive Objekt sein",
    "Select an object that was generated": "Ein erzeugtes Objekt auswählen",
    "Select two objects that were generated by one model": "Zwei Objekte auswählen, die von einem Modell erzeugt wurden",
    "Different models made the two: select two that one model has made": (
        "Die beiden stammen von verschiedenen Modellen: zwei auswählen, die ein Modell erzeugt hat"
    ),
    "It is not in the queue any more": "Es ist nicht mehr in der Warteschlange",
    "Nothing has failed": "Nichts ist fehlgeschlagen",
    "Name a folder of images or a manifest as input, and a folder as output": (
        "Als Eingabe einen Ordner mit Bildern oder eine Liste nennen, als Ausgabe einen Ordner"
    ),
    "Nothing is chosen in the history": "Im Verlauf ist nichts ausgewählt",
    "Something unexpected happened ({error}); save the file and try again.": (
        "Etwas Unerwartetes ist geschehen ({error}); sichere die Datei und versuche es noch einmal."
    ),
    "Only in Object Mode": "Nur im Objektmodus",
    "Select a mesh object": "Ein Mesh-Objekt auswählen",
    "The details are in the text '{name}'": "Die Einzelheiten stehen im Text '{name}'",
    "The history is empty": "Der Verlauf ist leer",
    "The mesh has no faces": "Das Mesh hat keine Flächen",
    "The mesh is complete, but not all that belongs to it ({error}).": (
        "Das Mesh ist vollständig, aber nicht alles, was dazu gehört ({error})."
    ),
    "The mesh has shape keys, which other faces cannot keep: apply them first": (
        "Das Mesh hat Formschlüssel, die andere Flächen nicht behalten können: zuerst anwenden"
    ),
    "The mesh stays as it was ({reason})": "Das Mesh bleibt, wie es war ({reason})",
    "The object has a Multiresolution modifier, which other faces cannot keep: apply it first": (
        "Das Objekt hat einen Multiresolution-Modifikator, den andere Flächen nicht behalten können: zuerst anwenden"
    ),
    "'{image}' has changed since, so the mesh will be another": (
        "'{image}' hat sich seitdem geändert, also wird es ein anderes Mesh"
    ),
    "The object is linked from another file": "Das Objekt ist aus einer anderen Datei verknüpft",
    "Several results were joined in it, whose textures would be lost: separate it by material first": (
        "Darin wurden mehrere Ergebnisse verbunden, deren Texturen verloren gingen: trenne es zuerst nach Material"
    ),
    "The queue is empty": "Die Warteschlange ist leer",
    "The object is not in the scene any more": "Das Objekt ist nicht mehr in der Szene",
    "Leave the mode of the active object first": "Zuerst den Modus des aktiven Objekts verlassen",
    "The active object is not one of several variants": "Das aktive Objekt ist keine von mehreren Varianten",
    "The report is on the clipboard": "Der Bericht ist in der Zwischenablage",
    "The settings are those of the scene": "Die Einstellungen sind die der Szene",
    "There is no report yet": "Es gibt noch keinen Bericht",
}

_TOOLTIPS = {
    "Use the image that was copied to the clipboard": "Das Bild benutzen, das in die Zwischenablage kopiert wurde",
    "Render the scene's camera, without a background": "Die Kamera der Szene rendern, ohne Hintergrund",
    "Use the viewport as it is shaded now, without its overlays": (
        "Die Ansicht benutzen, wie sie gerade schattiert ist, ohne ihre Einblendungen"
    ),
    "Write the selected mesh objects to a file for other programs, with textures, upright and in the right size": (
        "Die gewählten Mesh-Objekte als Datei für andere Programme schreiben, mit Texturen, aufrecht und in der richtigen Größe"
    ),
    "Kind of file, where its name has no ending": "Art der Datei, wo ihr Name keine Endung hat",
    "For engines and the web, with the texture in the file": "Für Spiele und das Netz, mit der Textur in der Datei",
    "With the texture as a file beside it": "Mit der Textur als Datei daneben",
    "For Unity and Unreal, with the texture as a file beside it": "Für Unity und Unreal, mit der Textur als Datei daneben",
    "With the texture in a folder beside it": "Mit der Textur in einem Ordner daneben",
    "For printing: z up, in millimetres, without colors": "Zum Drucken: z nach oben, in Millimetern, ohne Farben",
    "Z up, in millimetres, without a texture": "Z nach oben, in Millimetern, ohne Textur",
    "Use the active Grease Pencil object as it is seen in this viewport": (
        "Das aktive Grease-Pencil-Objekt benutzen, wie es in dieser Ansicht zu sehen ist"
    ),
    "Show what the add-on does and how it is used as text in a window": (
        "Als Text in einem Fenster zeigen, was das Add-on tut und wie es benutzt wird"
    ),
    "This model takes the front image alone; Multi-View offers one that takes all": (
        "Dieses Modell nimmt nur das Bild von vorn; Mehrere Ansichten bietet eines an, das alle nimmt"
    ),
    "Left and right are the object's own: on its left it faces left in the image": (
        "Links und rechts sind die des Objekts selbst: Von links gesehen blickt es im Bild nach links"
    ),
    "This model takes the front image alone. These take all sides:": (
        "Dieses Modell nimmt nur das Bild von vorn. Diese nehmen alle Seiten:"
    ),
    "Renew a coarse mesh whenever the image, its mask or the seed changes": (
        "Ein grobes Mesh erneuern, sooft sich das Bild, seine Maske oder der Startwert ändert"
    ),
    "Show it side by side with another that is selected": "Neben einem anderen ausgewählten zeigen",
    "Keeps the mesh when it is deleted in the scene": "Behält das Mesh, wenn es in der Szene gelöscht wird",
    "Put this mesh in the place of the active one, which stays in the history": (
        "Dieses Mesh an die Stelle des aktiven setzen, das im Verlauf bleibt"
    ),
    "Take this out of the history; an object in the scene stays": "Aus dem Verlauf nehmen; ein Objekt in der Szene bleibt",
    (
        "How far the result may leave the block-out: 0 % gives it back, up to 30 % its edges stay within 2 % of its size, "
        "100 % forgets it"
    ): (
        "Wie weit das Ergebnis die Rohform verlassen darf: 0 % gibt sie zurück, bis 30 % bleiben ihre Kanten auf 2 % ihrer Größe "
        "erhalten, 100 % vergisst sie"
    ),
    "A graphics card where there is one that works, else the processor": (
        "Eine Grafikkarte, wo es eine gibt, die geht, sonst der Prozessor"
    ),
    "For a bug report, what the program itself says:": "Für eine Fehlermeldung, was das Programm selbst sagt:",
    "Stop what is running; the scene stays as it was, the next in the queue begins, and Again takes it up": (
        "Anhalten, was läuft; die Szene bleibt, wie sie war, das Nächste in der Warteschlange beginnt, und Noch einmal "
        "nimmt es wieder auf"
    ),
    "Put this task into the queue once more, from the same image and with the same settings": (
        "Diese Aufgabe noch einmal in die Warteschlange stellen, mit demselben Bild und denselben Einstellungen"
    ),
    "Generate a mesh from each image, one after the other, with the settings of the scene": (
        "Aus jedem Bild ein Mesh erzeugen, nacheinander, mit den Einstellungen der Szene"
    ),
    "Cancel what is running and take everything out of the queue. Objects that are there already stay": (
        "Abbrechen, was läuft, und die Warteschlange leeren. Objekte, die schon da sind, bleiben"
    ),
    "How far a color may be from the background's and still be removed": (
        "Wie weit eine Farbe von der des Hintergrunds entfernt sein darf, um noch entfernt zu werden"
    ),
    "Keep in the .blend file what a mesh is made from, so that Update Mesh and Interpolate need no new run": (
        "In der .blend-Datei behalten, woraus ein Mesh entsteht, damit Mesh aktualisieren und Überblenden es nicht neu "
        "erzeugen müssen"
    ),
    "Keep only this many of the largest parts; 0 keeps all but the smallest floaters": (
        "Nur so viele der größten Teile behalten; 0 behält alle bis auf winzige lose Stücke"
    ),
    "Make a new object whose shape is between the two selected results, without generating again": (
        "Ein neues Objekt machen, dessen Form zwischen den beiden gewählten Ergebnissen liegt, ohne neu zu erzeugen"
    ),
    "Make the same mesh once more, with the seed and the settings from that run; a packed image need not exist as a file": (
        "Dasselbe Mesh noch einmal erzeugen, mit Startwert und Einstellungen von damals; ein gepacktes Bild muss es als "
        "Datei nicht mehr geben"
    ),
    "Minutes without any sign of life during a generation after which it is given up": (
        "Minuten ohne jedes Lebenszeichen beim Erzeugen, nach denen es aufgegeben wird"
    ),
    "Minutes without work after which the model is unloaded and its memory is free again; 0: it stays": (
        "Minuten ohne Arbeit, nach denen das Modell entladen wird und sein Speicher wieder frei ist; 0: es bleibt"
    ),
    "Project the front image on the mesh as a texture; what it does not show gets the colors next to it": (
        "Das vordere Bild als Textur auf das Mesh projizieren; was es nicht zeigt, bekommt die Farben daneben"
    ),
    "Put the image, the seed and the settings from that run into the panel, to go on from there": (
        "Bild, Startwert und Einstellungen von damals in die Leiste holen, um von da aus weiterzumachen"
    ),
    "QuadriFlow cannot follow this shape; the voxel remesher was used instead": (
        "QuadriFlow kommt mit dieser Form nicht zurecht; stattdessen wurde das Voxel-Verfahren benutzt"
    ),
    "Rebuild the mesh of about this many quads with Blender's own remeshers, and project its texture again": (
        "Das Mesh mit Blenders eigenen Verfahren aus ungefähr so vielen Vierecken neu bauen und die Textur wieder projizieren"
    ),
    "Reduce the mesh to about this many triangles, or divide its faces smoothly up to as many. Dividing adds no detail; a "
    "higher Mesh Detail does": (
        "Das Mesh auf ungefähr so viele Dreiecke verringern oder seine Flächen weich auf so viele teilen. Teilen bringt "
        "keine Einzelheiten; mehr Netzfeinheit schon"
    ),
    "Resolution of the mesh: more cells along each side give finer detail and take more time and memory": (
        "Auflösung des Meshs: Mehr Zellen entlang jeder Seite geben feinere Einzelheiten und brauchen mehr Zeit und Speicher"
    ),
    "Show what is known about the failure as text in a window": (
        "Als Text in einem Fenster zeigen, was über den Fehler bekannt ist"
    ),
    "Start the background process to see whether the chosen Python works, and on which device": (
        "Den Hintergrundprozess starten, um zu sehen, ob und auf welchem Gerät das gewählte Python läuft"
    ),
    "Take it out of the queue; what is running is cancelled. Objects that are there already stay": (
        "Aus der Warteschlange nehmen; was läuft, wird abgebrochen. Objekte, die schon da sind, bleiben"
    ),
    "Take the model out of memory and free the graphics card; the next Generate loads it again": (
        "Das Modell aus dem Speicher nehmen und die Grafikkarte freigeben; das nächste Erzeugen lädt es wieder"
    ),
    "PyTorch {version} is set up, but not for this graphics card: press System Check under Diagnostics": (
        "PyTorch {version} ist eingerichtet, aber nicht für diese Grafikkarte: unter Diagnose auf Systemprüfung drücken"
    ),
    "Address of the server that models come from, or of a mirror; empty: HF_ENDPOINT, else huggingface.co": (
        "Adresse des Servers, von dem Modelle kommen, oder eines Spiegels; leer: HF_ENDPOINT, sonst huggingface.co"
    ),
    "Close this message; what came of the model stays and can be removed in the preferences": (
        "Diese Meldung schließen; was vom Modell da ist, bleibt und lässt sich in den Einstellungen entfernen"
    ),
    "Delete the files of this model, and its VAE where no other model needs it; you can download them again": (
        "Die Dateien dieses Modells löschen, und sein VAE, wenn kein anderes es braucht; du kannst sie wieder herunterladen"
    ),
    "Fetch the licence of this model and, once you have accepted it, the model; an interrupted download goes on": (
        "Die Lizenz dieses Modells holen und, wenn du ihr zugestimmt hast, das Modell; ein unterbrochener Download geht weiter"
    ),
    "Generate with this model from now on": "Von jetzt an mit diesem Modell erzeugen",
    "Open the licence of this model in a text editor": "Die Lizenz dieses Modells in einem Texteditor öffnen",
    "Stop the download; it goes on from where it was": "Den Download anhalten; er geht von da aus weiter",
    "Token of your account on the hub, for models that ask for one; empty: HF_TOKEN": (
        "Schlüssel deines Kontos beim Hub, für Modelle, die einen verlangen; leer: HF_TOKEN"
    ),
    "Where downloaded models are kept; empty: the extension's folder in your user folder": (
        "Wo heruntergeladene Modelle liegen; leer: der Ordner der Erweiterung in deinem Benutzerordner"
    ),
    "You have read the licence and accept it: the model is downloaded": (
        "Du hast die Lizenz gelesen und stimmst ihr zu: Das Modell wird heruntergeladen"
    ),
    "A folder with everything in it, for machines without internet": (
        "Ein Ordner, in dem alles liegt, für Rechner ohne Internet"
    ),
    "Address of a package index that has everything": "Adresse eines Paketverzeichnisses, das alles hat",
    "Address of a package index that has everything, for Set Up in a studio; empty: the public ones": (
        "Adresse eines Paketverzeichnisses, das alles hat, zum Einrichten in einem Studio; leer: die öffentlichen"
    ),
    "Delete the Python and the packages that Set Up has installed": (
        "Das Python und die Pakete löschen, die Einrichten installiert hat"
    ),
    "Do what is described here: download, install, and try it out with the built-in model": (
        "Tun, was hier steht: laden, installieren und mit dem eingebauten Modell ausprobieren"
    ),
    "Say what Python and PyTorch for the model would download, and ask before anything is done": (
        "Sagen, was Python und PyTorch für das Modell zu laden hätten, und fragen, bevor etwas geschieht"
    ),
    "Set up without internet, from a folder with Python and all packages in it": (
        "Ohne Internet einrichten, aus einem Ordner mit Python und allen Paketen"
    ),
    "Stop; what was downloaded is kept for the next time, and what was there before is as it was": (
        "Aufhören; was geladen ist, bleibt für das nächste Mal, und was vorher da war, ist, wie es war"
    ),
    "The Python to build on; empty: one is downloaded": "Das Python, auf dem gebaut wird; leer: eines wird geladen",
    "Which PyTorch; empty: the one that fits this machine": "Welches PyTorch; leer: das, das zu diesem Rechner passt",
    "Write the log of the last Set Up to a text of the Text Editor": (
        "Das Protokoll des letzten Einrichtens in einen Text des Texteditors schreiben"
    ),
    (
        "How far the result may leave the block-out: 0 gives it back, up to 0.3 its edges stay within 2 % of its size, "
        "1 forgets it"
    ): (
        "Wie weit das Ergebnis die Rohform verlassen darf: 0 gibt sie zurück, bis 0.3 bleiben ihre Kanten auf 2 % ihrer Größe "
        "erhalten, 1 vergisst sie"
    ),
    (
        "Find the upright plane on which the mesh is nearly symmetric, and put the mirror image of its better half, "
        "which the front view shows, in the place of the other. Its texture is mirrored with it"
    ): (
        "Die aufrechte Ebene suchen, an der das Mesh fast symmetrisch ist, und das Spiegelbild seiner besseren Hälfte, die die "
        "Vorderansicht zeigt, an die Stelle der anderen setzen. Seine Textur wird mitgespiegelt"
    ),
    "Mirror the better half of the shape on an upright plane, so that both sides match": (
        "Die bessere Hälfte der Form an einer aufrechten Ebene spiegeln, so dass beide Seiten zueinander passen"
    ),
    "Leave the shape as it is": "Die Form lassen, wie sie ist",
    "Mirror a shape that is nearly symmetric on the plane that is found; leave any other": (
        "Eine fast symmetrische Form an der Ebene spiegeln, die gefunden wird; jede andere lassen"
    ),
    "Mirror any shape on the plane between the left and the right of the front view": (
        "Jede Form an der Ebene zwischen links und rechts der Vorderansicht spiegeln"
    ),
    "Edges of the block-out may move by more than 2 % of its size": (
        "Kanten der Rohform können sich um mehr als 2 % ihrer Größe verschieben"
    ),
    "Start from the active mesh object, and put the result in its place": (
        "Vom aktiven Mesh-Objekt ausgehen und das Ergebnis an seine Stelle setzen"
    ),
    "Generate from the image, but start from the shape of the active mesh object, which stays as it is": (
        "Aus dem Bild erzeugen, aber von der Form des aktiven Mesh-Objekts ausgehen, das bleibt, wie es ist"
    ),
    "0 is the active object, 1 the other one": "0 ist das aktive Objekt, 1 das andere",
    "Make the mesh of this result anew with these settings, without generating it again. "
    "Its place, name, materials and modifiers stay, edits of the mesh are lost": (
        "Das Mesh dieses Ergebnisses mit diesen Einstellungen neu machen, ohne es noch einmal zu erzeugen. "
        "Ort, Name, Materialien und Modifikatoren bleiben, Änderungen am Mesh gehen verloren"
    ),
    "A coarse mesh, to see soon whether the shape is right": "Ein grobes Mesh, um bald zu sehen, ob die Form stimmt",
    "A finer mesh; takes more time and memory": "Ein feineres Mesh; braucht mehr Zeit und Speicher",
    "About this many quads": "Ungefähr so viele Vierecke",
    "About this many triangles": "Ungefähr so viele Dreiecke",
    "Address of a Ray cluster that shares the work": "Adresse eines Ray-Clusters, der sich die Arbeit teilt",
    "Another seed gives another shape for the same image; with the built-in model 0 is the likeliest one": (
        "Ein anderer Startwert gibt zum selben Bild eine andere Form; beim eingebauten Modell ist 0 die wahrscheinlichste"
    ),
    "Choose the image that the mesh is made from": "Das Bild wählen, aus dem das Mesh entsteht",
    "Copy the report as text, without your name and home folder, to paste it into a bug report": (
        "Den Bericht als Text kopieren, ohne Namen und Benutzerordner, um ihn einer Fehlermeldung beizufügen"
    ),
    "Empty the history of this scene, and with it the packed images that nothing else uses; all objects stay": (
        "Den Verlauf dieser Szene leeren, samt den gepackten Bildern, die sonst nichts benutzt; alle Objekte bleiben"
    ),
    "Every point: slow, the reference": "Jeder Punkt: langsam, der Maßstab",
    "Every setting that was used, as JSON": "Alle benutzten Einstellungen, als JSON",
    "Folder of images, or a .csv or .json manifest": "Ordner mit Bildern oder eine Liste als .csv oder .json",
    "Folder of the meshes and the log": "Ordner der Meshes und des Protokolls",
    "From how far above the picture was seen, in degrees; 0 is level": (
        "Von wie weit oben das Bild gesehen ist, in Grad; 0 ist waagerecht"
    ),
    "From which side the picture was seen, in degrees; 0 is the front": (
        "Von welcher Seite das Bild gesehen ist, in Grad; 0 ist von vorne"
    ),
    "Full precision": "Volle Genauigkeit",
    "8-bit arithmetic, where the card has it and a check of the model's answers passes": (
        "Rechnen mit 8 Bit, wo die Grafikkarte es kann und eine Prüfung der Antworten des Modells gelingt"
    ),
    "Half precision with the range of float32": "Halbe Genauigkeit mit dem Bereich von float32",
    "Half precision": "Halbe Genauigkeit",
    "Hierarchical, with the tokens that matter for each region": (
        "Hierarchisch, mit den Tokens, auf die es in der jeweiligen Gegend ankommt"
    ),
    "Higher shrinks the shape, lower swells it": "Höher schrumpft die Form, niedriger bläht sie auf",
    "How fine the mesh becomes": "Wie fein das Mesh wird",
    "How long it took": "Wie lange es gedauert hat",
    "How strictly the shape follows the image; -1 takes the model's own value": (
        "Wie streng die Form dem Bild folgt; -1 nimmt den Wert des Modells"
    ),
    "How the object is cut out of the image": "Wie das Objekt aus dem Bild freigestellt wird",
    "How the quads are laid": "Wie die Vierecke gelegt werden",
    "How the volume is decoded": "Wie der Raum dekodiert wird",
    "Image file of the object": "Bilddatei des Objekts",
    "Keep the settings as a preset, or remove one; the image and the seed are no part of it": (
        "Die Einstellungen als Vorgabe behalten oder eine entfernen; Bild und Startwert gehören nicht dazu"
    ),
    "Make a 3D mesh from the image": "Aus dem Bild ein 3D-Mesh erzeugen",
    "Make a mesh file from each image of a folder or each row of a manifest; what was made before is kept": (
        "Aus jedem Bild eines Ordners oder jeder Zeile einer Liste eine Mesh-Datei machen; was schon gemacht ist, bleibt"
    ),
    "Make only part I of N, written I/N": "Nur den Anteil I von N machen, geschrieben I/N",
    "Meshes as .glb": "Meshes als .glb",
    "Meshes as .obj": "Meshes als .obj",
    "Meshes as .ply": "Meshes als .ply",
    "Meshes as .stl": "Meshes als .stl",
    "Number format of the networks": "Zahlenformat der Netze",
    "Of the mesh when it was new": "Des Meshes, als es neu war",
    "Of the meshes whose output the manifest does not name": "Der Meshes, deren Ausgabe die Liste nicht nennt",
    "Only near the surface, with all tokens": "Nur nahe der Oberfläche, mit allen Tokens",
    "Pack the images into the .blend file, so that the history can use them when their files have moved": (
        "Die Bilder in die .blend-Datei packen, damit der Verlauf sie auch hat, wenn ihre Dateien nicht mehr da sind"
    ),
    "Put every setting of the scene back to its default; the images stay": (
        "Alle Einstellungen der Szene auf ihre Vorgaben zurücksetzen; die Bilder bleiben"
    ),
    "QuadriFlow: edges follow the shape. Takes seconds to minutes": (
        "QuadriFlow: Kanten folgen der Form. Dauert Sekunden bis Minuten"
    ),
    "Show textures in viewports in Solid, now and whenever a result comes; the preferences can change it": (
        "Texturen in Ansichten in „Solide“ zeigen, jetzt und wann immer ein Ergebnis kommt; änderbar in den Einstellungen"
    ),
    "What happens to a viewport in Solid, in which a textured result would be grey": (
        "Was mit einer Ansicht in „Solide“ geschieht, in der ein Ergebnis mit Textur grau wäre"
    ),
    "From where the image is projected": "Von wo das Bild projiziert wird",
    "Image of the file; empty: the object's own, else the one in the panel": (
        "Bild der Datei; leer: das des Objekts, sonst das in der Leiste"
    ),
    "Project an image on the mesh as it is now: the object's own after you have edited it, or the one in the panel": (
        "Ein Bild auf das Mesh projizieren, wie es jetzt ist: nach dem Bearbeiten das des Objekts, oder das in der Leiste"
    ),
    "See the image from where its outline fits the mesh, or from the given side": (
        "Das Bild von dort sehen, wo sein Umriss zum Mesh passt, oder von der angegebenen Seite"
    ),
    "See the image through the scene's camera": "Das Bild durch die Kamera der Szene sehen",
    "See the image through this viewport": "Das Bild durch diese Ansicht sehen",
    "Make an object of each loose part of the mesh; materials and UVs stay, and the largest part stays the result": (
        "Aus jedem losen Teil des Meshes ein Objekt machen; Materialien und UVs bleiben, das größte Teil bleibt das Ergebnis"
    ),
    "Offer a button beside the result": "Beim Ergebnis einen Knopf anbieten",
    "Show the textures of new results": "Die Texturen neuer Ergebnisse zeigen",
    "Leave the viewports as they are": "Die Ansichten lassen, wie sie sind",
    "The mesh is of triangles": "Das Mesh besteht aus Dreiecken",
    "The mesh is of quads that follow the shape, laid by QuadriFlow in the background": (
        "Das Mesh besteht aus Vierecken, die der Form folgen; QuadriFlow legt sie im Hintergrund"
    ),
    "What the new mesh is made of": "Woraus das neue Mesh besteht",
    "Reduce the mesh to about this many triangles; 0 keeps all of them": (
        "Das Mesh auf ungefähr so viele Dreiecke verringern; 0 behält alle"
    ),
    "Reduce the mesh to a number of faces that suits a game; off: keep all of them": (
        "Das Mesh auf eine Zahl von Flächen verringern, die zu einem Spiel passt; aus: alle behalten"
    ),
    "Drop small parts that touch nothing and float beside the shape": (
        "Kleine Teile weglassen, die nichts berühren und neben der Form schweben"
    ),
    "The resolution that is set": "Die Auflösung, die eingestellt ist",
    "Remove the background with the rembg library, where it is installed": (
        "Den Hintergrund mit der Bibliothek rembg entfernen, wo sie installiert ist"
    ),
    "Replace files that the batch did not make itself": "Dateien ersetzen, die der Stapel nicht selbst gemacht hat",
    "Sampling steps; 0 takes the model's own number": "Schritte der Formfindung; 0 nimmt die Zahl des Modells",
    "Say what is right and wrong with Python, PyTorch, graphics card, memory, models, disk and permissions": (
        "Sagen, was mit Python, PyTorch, Grafikkarte, Speicher, Modellen, Platte und Rechten stimmt und was nicht"
    ),
    "See the picture from where its outline fits the mesh best": (
        "Das Bild von dort sehen, wo sein Umriss am besten zum Mesh passt"
    ),
    "Select the object that was made": "Das Objekt auswählen, das dabei entstand",
    "Set what makes a mesh fine and slow, or coarse and quick": (
        "Einstellen, was ein Mesh fein und langsam oder grob und schnell macht"
    ),
    "Show the mesh while it forms": "Das Mesh zeigen, während es entsteht",
    "Size of the new object": "Größe des neuen Objekts",
    "Stop the batch; what is made stays, and the same batch goes on from there when started again": (
        "Den Stapel anhalten; was gemacht ist, bleibt, und derselbe Stapel geht von da aus weiter, wenn er wieder gestartet wird"
    ),
    "Take it out of the history; the object stays": "Aus dem Verlauf nehmen; das Objekt bleibt",
    "Take the whole image as it is": "Das ganze Bild nehmen, wie es ist",
    "The Python with PyTorch that runs the model; empty: FLASHVDM_PYTHON, what Set Up has made, or Blender's own": (
        "Das Python mit PyTorch, das das Modell ausführt; leer: FLASHVDM_PYTHON, das eingerichtete oder Blenders eigenes"
    ),
    "The built-in model, or a folder with config.yaml and model.safetensors": (
        "Das eingebaute Modell oder ein Ordner mit config.yaml und model.safetensors"
    ),
    "The defaults": "Die Vorgaben",
    "The entry whose details are shown": "Der Eintrag, dessen Einzelheiten gezeigt werden",
    "The fastest that the device computes well": "Das schnellste, in dem das Gerät gut rechnet",
    "The longest side of the new object is as long as its size says": (
        "Die längste Seite des neuen Objekts ist so lang, wie seine Größe sagt"
    ),
    "The model that made it": "Das Modell, das es gemacht hat",
    "The new object is as high as its size says": "Das neue Objekt ist so hoch, wie seine Größe sagt",
    "The most that was in use at a time, in GiB; 0 where it is not known": (
        "Das meiste, was gleichzeitig benutzt wurde, in GiB; 0, wo es nicht bekannt ist"
    ),
    "Memory of the graphics card that the model may take, the rest waits in main memory; 0: what is free. Not for the CPU": (
        "Speicher der Grafikkarte, den das Modell nehmen darf, der Rest wartet im Hauptspeicher; 0: der freie. Nicht für die CPU"
    ),
    "The new object stands below or above the 3D cursor, at the height of the world's origin": (
        "Das neue Objekt steht unter oder über dem 3D-Cursor, auf der Höhe des Weltursprungs"
    ),
    "The new object stands on the 3D cursor": "Das neue Objekt steht auf dem 3D-Cursor",
    "The new object stands on the world's origin": "Das neue Objekt steht auf dem Weltursprung",
    "Longest side in .stl and .ply files, in millimetres with z up; 0: two units with y up, as in other formats": (
        "Längste Seite in .stl- und .ply-Dateien, in Millimetern mit z nach oben; 0: zwei Einheiten mit y nach oben, "
        "wie in anderen Formaten"
    ),
    "The packed image": "Das gepackte Bild",
    "The paths of the images, as JSON": "Die Pfade der Bilder, als JSON",
    "The seed that was used": "Der benutzte Startwert",
    "Move the outline of the cut-out outward, or inward below 0, in % of the picture": (
        "Den Umriss des Freistellers nach außen schieben, unter 0 nach innen, in % des Bildes"
    ),
    "Width of the soft edge of the cut-out, in % of the picture": "Breite der weichen Kante des Freistellers, in % des Bildes",
    "A place in the image as shares of it, from its lower left": "Eine Stelle im Bild als Anteile davon, von links unten",
    "Choose an image first": "Erst ein Bild wählen",
    "Click one of several objects in the image: it alone is kept": (
        "Eines von mehreren Objekten im Bild anklicken: nur dieses bleibt"
    ),
    "Correct what is cut out, with Blender's brushes in the Image Editor: keep or remove parts of the image": (
        "Das Freigestellte mit Blenders Pinseln im Bildeditor berichtigen: Teile des Bildes behalten oder entfernen"
    ),
    "Drag a box over the image, to keep or remove what is in it, or to remove all outside of it": (
        "Ein Rechteck über das Bild ziehen, um seinen Inhalt zu behalten, ihn oder alles außerhalb zu entfernen"
    ),
    "Forget what was painted, so that the object is cut out as it was found": (
        "Das Gemalte vergessen, sodass das Objekt freigestellt wird, wie es gefunden wurde"
    ),
    "Keep what is in the box": "Behalten, was im Rechteck ist",
    "Left, bottom, right and top as shares of the image, from its lower left": (
        "Links, unten, rechts und oben als Anteile des Bildes, von links unten"
    ),
    "Let the brush of the Image Editor bring parts of the image back, or remove them": (
        "Den Pinsel des Bildeditors Teile des Bildes zurückbringen oder entfernen lassen"
    ),
    "Open the mask in Paint mode and choose a brush first": "Erst die Maske im Malmodus öffnen und einen Pinsel wählen",
    "Paint what is kept, else what is removed": "Malen, was behalten wird, sonst was entfernt wird",
    "Press Paint Mask first, and click in the Image Editor": "Erst Maske malen drücken, dann im Bildeditor klicken",
    "Remove all that is outside of the box": "Alles außerhalb des Rechtecks entfernen",
    "Remove what is in the box": "Entfernen, was im Rechteck ist",
    "There is no cut-out of the image yet; wait for it, or choose another image": (
        "Das Bild ist noch nicht freigestellt; darauf warten oder ein anderes wählen"
    ),
    "There is no object at this place of the image": "An dieser Stelle des Bildes ist kein Objekt",
    "What is done with the box": "Was mit dem Rechteck geschieht",
    "Find the object in a photograph, whatever is behind it": "Das Objekt in einem Foto finden, was auch immer dahinter ist",
    "Use the image's transparency, remove a plain background, or find the object in a photograph": (
        "Die Transparenz des Bildes benutzen, einen einfarbigen Hintergrund entfernen oder das Objekt in einem Foto finden"
    ),
    "Voxel remesh: quick, and always gives a closed mesh": "Voxel-Remesh: schnell und gibt immer ein geschlossenes Mesh",
    "What the size is the length of": "Wovon die Größe die Länge ist",
    "What was generated in this scene": "Was in dieser Szene erzeugt wurde",
    "When it was generated": "Wann es erzeugt wurde",
    "Where the model runs: auto, cpu, cuda, cuda:1, mps": "Wo das Modell läuft: auto, cpu, cuda, cuda:1, mps",
    "Where the new object stands": "Wo das neue Objekt steht",
    "Turn the new object so that its footprint lies along the axes, not as it was seen": (
        "Das neue Objekt so drehen, dass seine Standfläche längs der Achsen liegt, nicht wie es zu sehen war"
    ),
    "Turn the selected mesh objects about the vertical so that their footprints lie along the axes": (
        "Die gewählten Mesh-Objekte um die Senkrechte drehen, bis ihre Standflächen längs der Achsen liegen"
    ),
    "Make an image file of something else and use that": "Aus etwas anderem eine Bilddatei machen und diese benutzen",
    "Make several meshes of the image, each with the next seed, in a row to choose from": (
        "Mehrere Meshes des Bildes zur Auswahl in einer Reihe erzeugen, jedes mit dem nächsten Startwert"
    ),
    "Put the active variant in the row's place and remove the others, also those that are still to come": (
        "Die aktive Variante an den Platz der Reihe stellen und die anderen entfernen, auch die noch kommenden"
    ),
    "Number of meshes in a row, each with the next seed": "Anzahl der Meshes in einer Reihe, jedes mit dem nächsten Startwert",
    "Number of seeds to choose from": "Anzahl der Startwerte, aus denen gewählt wird",
}

_ALL = _OPERATORS | _LABELS | _STATES | _MESSAGES | _TOOLTIPS

TABLE = {(context, english): german for english, german in _ALL.items() for context in (CONTEXT, "*")}
"""Context of a text and the English text -> the German one: the add-on's own context for what names something, Blender's common
one for what it looks up by itself."""
