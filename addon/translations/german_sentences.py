"""German: sentences that have values in them, of generating, images, models, files and of the add-on itself."""

TABLE = {
    "There is no file {}; download the model again, its tokenizer included.": (
        "Die Datei {} gibt es nicht; lade das Modell noch einmal herunter, samt seinem Tokenizer."
    ),
    "{} holds no tokenizer that can be used ({}); download it again.": (
        "{} enthält keinen brauchbaren Tokenizer ({}); lade ihn noch einmal herunter."
    ),
    "The text encoder has hidden_act: {}, which is not supported; use another checkpoint.": (
        "Der Text-Encoder hat hidden_act: {}, was nicht unterstützt wird; nimm ein anderes Modell."
    ),
    "The model '{}' makes the same shape of a picture whatever the seed is.": (
        "Das Modell „{}“ macht aus einem Bild dieselbe Form, gleich welcher Seed gewählt ist."
    ),
    "There is no image '{}', and it is no pattern here; name each image by itself.": (
        "Es gibt kein Bild „{}“, und ein Muster ist es hier nicht; nenne jedes Bild einzeln."
    ),
    "There is a mask for the view '{}', of which there is no image.": (
        "Für die Ansicht „{}“ gibt es eine Maske, aber kein Bild."
    ),
    "The mask ({} x {}) has other proportions than the image ({} x {}); it must lie over the whole image.": (
        "Die Maske ({} x {}) hat andere Proportionen als das Bild ({} x {}); sie muss über dem ganzen Bild liegen."
    ),
    "The mask of the view '{}' must be uint8 [H, W], at most {} pixels a side.": (
        "Die Maske der Ansicht „{}“ muss uint8 [H, W] sein, höchstens {} Pixel je Seite."
    ),
    "The image '{}' cannot be read; choose another.": "Das Bild „{}“ lässt sich nicht lesen; wähle ein anderes.",
    "'{}' was changed meanwhile and stays as it is; do it again.": (
        "„{}“ wurde inzwischen verändert und bleibt, wie es ist; bitte noch einmal."
    ),
    "'{}' was deleted meanwhile.": "„{}“ wurde inzwischen gelöscht.",
    "'{}' is being edited; leave its mode and do it again.": (
        "„{}“ wird gerade bearbeitet; verlasse den Modus und versuche es noch einmal."
    ),
    "It stays a mesh of triangles ({}).": "Es bleibt ein Mesh aus Dreiecken ({}).",
    "The scene was deleted meanwhile.": "Die Szene wurde inzwischen gelöscht.",
    "The folder for temporary files cannot be written; free some space there.": (
        "In den Ordner für temporäre Dateien kann nicht geschrieben werden; schaffe dort Platz."
    ),
    "Another Blender could not be started in the background ({}); start Blender anew.": (
        "Ein zweites Blender ließ sich im Hintergrund nicht starten ({}); starte Blender neu."
    ),
    "The other Blender ended without a result ({}); save the file and try again.": (
        "Das zweite Blender endete ohne Ergebnis ({}); sichere die Datei und versuche es noch einmal."
    ),
    "The mesh stays as it was ({}).": "Das Mesh bleibt, wie es war ({}).",
    "There is no drawing; select a Grease Pencil object first.": (
        "Es gibt keine Zeichnung; wähle zuerst ein Grease-Pencil-Objekt aus."
    ),
    "Nothing is drawn in '{}'; draw something first.": "In „{}“ ist nichts gezeichnet; zeichne zuerst etwas.",
    "{} does not say which version of {} it has; use another mirror, or the hub itself.": (
        "{} sagt nicht, welche Fassung von {} es hat; nimm einen anderen Spiegel oder den Hub selbst."
    ),
    "The two results have different numbers of parts; choose two that were made of as many.": (
        "Die beiden Ergebnisse haben verschieden viele Teile; wähle zwei, die aus gleich vielen gemacht wurden."
    ),
    "The model '{}' makes at most {} parts; choose fewer.": "Das Modell „{}“ erzeugt höchstens {} Teile; wähle weniger.",
    "The config has global_attn_block_ids: {}, which are no blocks of its network; download it again.": (
        "Die Konfiguration hat global_attn_block_ids: {}, das sind keine Blöcke seines Netzes; lade sie noch einmal herunter."
    ),
    "This Step1X-3D model reads {} beside the image, which is not supported; choose Step1X-3D-Geometry-1300m.": (
        "Dieses Step1X-3D-Modell liest neben dem Bild {}, was nicht unterstützt wird; wähle Step1X-3D-Geometry-1300m."
    ),
    "This Step1X-3D model projects what it reads of the image, which is not supported; use another.": (
        "Dieses Step1X-3D-Modell projiziert, was es vom Bild liest, was nicht unterstützt wird; nimm ein anderes."
    ),
    "The image encoder {} is not supported ({}); download it again.": (
        "Der Bild-Encoder {} wird nicht unterstützt ({}); lade ihn noch einmal herunter."
    ),
    "The config sets {} to {}, which is not supported; use another checkpoint.": (
        "Die Konfiguration setzt {} auf {}, was nicht unterstützt wird; nimm ein anderes Modell."
    ),
    "{} holds a {}, which is not supported; choose a folder of {}.": (
        "{} enthält ein {}, das nicht unterstützt wird; wähle einen Ordner von {}."
    ),
    "The scheduler of {} is {}, not {}; download the model again.": (
        "Der Scheduler von {} ist {}, nicht {}; lade das Modell noch einmal herunter."
    ),
    "The scheduler of {} has {}, which is not supported; use another checkpoint.": (
        "Der Scheduler von {} hat {}, was nicht unterstützt wird; nimm ein anderes Modell."
    ),
    "The pixel-aligned decoder in {} reads {} numbers of a token that has {}; correct 'variation' or 'embed_dim' in its config, "
    "or download it again.": (
        "Der bildbezogene Dekodierer in {} liest {} Zahlen eines Tokens, das {} hat; berichtige „variation“ oder „embed_dim“ in "
        "seiner Konfiguration, oder lade ihn noch einmal herunter."
    ),
    "{} is not a config; download it again.": "{} ist keine Konfiguration; lade sie noch einmal herunter.",
    "There is no file {}; choose a folder with a complete checkpoint, or download it again.": (
        "Es gibt keine Datei {}; wähle einen Ordner mit einem vollständigen Modell, oder lade es noch einmal herunter."
    ),
    "{} cannot be read as JSON; download it again.": ("{} lässt sich nicht als JSON lesen; lade die Datei noch einmal herunter."),
    "The config names {} as its {}, which is not supported ({}); choose a checkpoint of Hunyuan3D-2, TripoSG or Step1X-3D.": (
        "Die Konfiguration nennt {} als {}, was nicht unterstützt wird ({}); wähle ein Modell von Hunyuan3D-2, TripoSG oder "
        "Step1X-3D."
    ),
    "The image processor makes {} and {}, which are no sizes; download it again.": (
        "Die Bildaufbereitung macht {} und {}, was keine Größen sind; lade sie noch einmal herunter."
    ),
    "The image processor takes a larger middle than its pictures are; download it again.": (
        "Die Bildaufbereitung nimmt eine größere Mitte, als ihre Bilder haben; lade sie noch einmal herunter."
    ),
    "The image processor has {}: {}, which is not supported; download it again.": (
        "Die Bildaufbereitung hat {}: {}, was nicht unterstützt wird; lade sie noch einmal herunter."
    ),
    "The background is not plain and no object stands out from it, so the cut-out may be wrong; correct the mask, or "
    "use an image with a plain background or with transparency.": (
        "Der Hintergrund ist nicht einfarbig, und kein Objekt hebt sich davon ab, daher kann die Freistellung falsch "
        "sein; berichtige die Maske, oder nimm ein Bild mit einfarbigem Hintergrund oder mit Transparenz."
    ),
    "The background is not plain, so the cut-out may be wrong; set the background to 'auto', or use an image with a "
    "plain background or with transparency.": (
        "Der Hintergrund ist nicht einfarbig, daher kann die Freistellung falsch sein; stelle den Hintergrund auf "
        "„Automatisch“, oder nimm ein Bild mit einfarbigem Hintergrund oder mit Transparenz."
    ),
    "No object stands out in the image; choose another background method, or an image that shows an object.": (
        "Kein Objekt hebt sich im Bild ab; wähle ein anderes Verfahren oder ein Bild, das ein Objekt zeigt."
    ),
    "The weights of the background remover are missing or damaged; install the extension anew, or choose another "
    "background method.": (
        "Die Gewichte der Hintergrundentfernung fehlen oder sind beschädigt; installiere die Erweiterung noch einmal, "
        "oder wähle ein anderes Verfahren."
    ),
    "Setting '{}' must be {}, not {}.": "Die Einstellung „{}“ muss {} sein, nicht {}.",
    "Unknown setting {}; known are {}.": "Unbekannte Einstellung {}; bekannt sind {}.",
    "The block-out has vertices at no place (NaN or infinite); remove them, or mend its modifiers.": (
        "Die Rohform hat Punkte ohne Ort (NaN oder unendlich); entferne sie oder richte ihre Modifikatoren."
    ),
    "The block-out has no size: all its vertices are at one place; scale it up.": (
        "Die Rohform hat keine Größe: Alle ihre Punkte liegen an einem Ort; skaliere sie größer."
    ),
    "The block-out is all but a line: it is too thin, or one of its vertices lies far away; mend it.": (
        "Die Rohform ist fast nur ein Strich: zu dünn, oder einer ihrer Punkte liegt weit weg; richte das."
    ),
    "No image was given.": "Es wurde kein Bild angegeben.",
    "The kept latents are damaged; generate the mesh again.": (
        "Was zum Mesh behalten wurde, ist beschädigt; erzeuge es noch einmal."
    ),
    "The block-out has no faces; choose a mesh with faces.": "Die Rohform hat keine Flächen; wähle ein Mesh mit Flächen.",
    "The strength must be from 0 to 1, not {}.": "Die Stärke muss von 0 bis 1 sein, nicht {}.",
    "The two results were made by different models; choose two results of one model.": (
        "Die beiden Ergebnisse stammen von verschiedenen Modellen; wähle zwei von einem Modell."
    ),
    "One of the two results was made from a block-out; choose two that were made from pictures.": (
        "Eines der beiden Ergebnisse stammt aus einer Rohform; wähle zwei, die aus Bildern erzeugt sind."
    ),
    "The amount must be from 0 to 1, not {}.": "Der Faktor muss von 0 bis 1 sein, nicht {}.",
    "Unknown view '{}'; known are {}.": "Unbekannte Ansicht „{}“; bekannt sind {}.",
    "The {} cannot be handed over through {} ({}); {}.": "Die Daten ({}) lassen sich nicht über {} übergeben ({}); {}.",
    "The worker was sent a line that is not one of its commands; update the add-on or the worker.": (
        "Der Hintergrundprozess bekam eine Zeile, die er nicht kennt; bringe das Add-on und sein Python auf denselben Stand."
    ),
    "A message of {} bytes is longer than the protocol's {}.": (
        "Eine Nachricht von {} Bytes ist länger als die {} des Protokolls."
    ),
    "A message between the add-on and its worker is longer than {} bytes; start again.": (
        "Eine Nachricht zwischen Add-on und Hintergrundprozess ist länger als {} Bytes; beginne noch einmal."
    ),
    "The background process sent an event that cannot be read ({}); start the generation again.": (
        "Der Hintergrundprozess meldete etwas Unlesbares ({}); erzeuge noch einmal."
    ),
    "A message between the add-on and its worker is not JSON; start the generation again.": (
        "Eine Nachricht zwischen Add-on und Hintergrundprozess ist kein JSON; erzeuge noch einmal."
    ),
    "The task cannot be read ({}); update the add-on or the worker.": (
        "Die Aufgabe lässt sich nicht lesen ({}); bringe das Add-on und sein Python auf denselben Stand."
    ),
    "The weights in '{}' cannot be read ({}); check the folder.": (
        "Die Gewichte in „{}“ lassen sich nicht lesen ({}); prüfe den Ordner."
    ),
    "'{}' cannot be written ({}); choose another output folder.": (
        "„{}“ lässt sich nicht schreiben ({}); wähle einen anderen Ausgabeordner."
    ),
    "'{}' cannot be written ({}); check the folder and its disk.": (
        "„{}“ lässt sich nicht schreiben ({}); prüfe den Ordner und seine Platte."
    ),
    "The folder '{}' cannot be made ({}); choose another.": (
        "Der Ordner „{}“ lässt sich nicht anlegen ({}); wähle einen anderen."
    ),
    "No image in '{}' is of a kind that is read ({}); save them as PNG or JPEG.": (
        "Kein Bild in „{}“ ist von einer lesbaren Art ({}); sichere sie als PNG oder JPEG."
    ),
    "There is nothing to make in '{}'; choose a folder with images or a manifest with rows.": (
        "In „{}“ ist nichts zu tun; wähle einen Ordner mit Bildern oder eine Liste mit Zeilen."
    ),
    "'{}' is neither a folder nor a .csv or .json manifest; choose one of these.": (
        "„{}“ ist weder ein Ordner noch eine Liste (.csv oder .json); wähle etwas davon."
    ),
    "'{}' must hold a list of objects, each with an \"image\"; correct it.": (
        '„{}“ muss eine Liste von Objekten enthalten, jedes mit einem "image"; berichtige sie.'
    ),
    'The item is no object with an "image"; correct the manifest.': (
        'Der Eintrag ist kein Objekt mit einem "image"; berichtige die Liste.'
    ),
    "The row has more cells than the header has columns; correct the manifest.": (
        "Die Zeile hat mehr Zellen, als der Kopf Spalten hat; berichtige die Liste."
    ),
    "The item names no image; correct the manifest.": "Der Eintrag nennt kein Bild; berichtige die Liste.",
    "The output lies in more than {} folders; choose a shorter one.": (
        "Die Ausgabe liegt in mehr als {} Ordnern; wähle eine kürzere."
    ),
    "The output '{}' must lie inside the output folder; name it without '..' and a drive.": (
        "Die Ausgabe „{}“ muss im Ausgabeordner liegen; nenne sie ohne „..“ und ohne Laufwerk."
    ),
    "Its mesh would be {}, as that of item {}; give one of them another output.": (
        "Sein Mesh hieße {} wie das des Eintrags {}; gib einem von beiden eine andere Ausgabe."
    ),
    "The folder '{}' cannot be read ({}); check its permissions.": (
        "Der Ordner „{}“ lässt sich nicht lesen ({}); prüfe seine Rechte."
    ),
    "'{}' cannot be read ({}); check its name and permissions.": "„{}“ lässt sich nicht lesen ({}); prüfe Namen und Rechte.",
    "{}, which spreadsheets call 'CSV UTF-8'.": "{}, was Tabellenprogramme „CSV UTF-8“ nennen.",
    "'{}' is not JSON ({}); correct it.": "„{}“ ist kein JSON ({}); berichtige es.",
    "'{}' must be the path of a file, not {}; correct the manifest.": (
        "„{}“ muss der Pfad einer Datei sein, nicht {}; berichtige die Liste."
    ),
    "'{}' cannot be written ({}); free some space, or check its permissions.": (
        "„{}“ lässt sich nicht schreiben ({}); schaffe Platz oder prüfe die Rechte."
    ),
    "'{}' cannot be written (the disk is full); free some space and start again.": (
        "„{}“ lässt sich nicht schreiben (die Platte ist voll); schaffe Platz und beginne noch einmal."
    ),
    "Something went wrong that should not have ({}: {}); please report it with the details.": (
        "Etwas ging schief, das nicht schiefgehen sollte ({}: {}); bitte melde es mit den Einzelheiten."
    ),
    "'{}' {}; known are {}.": "„{}“ {}; bekannt sind {}.",
    "'{}' is not CSV ({}); correct it.": "„{}“ ist kein CSV ({}); berichtige es.",
    "{} is not a model's config; download it again.": (
        "{} ist keine Konfiguration eines Modells; lade sie noch einmal herunter."
    ),
    "A section of {} has no class name or no parameters; download it again.": (
        "Einem Abschnitt von {} fehlen Klassenname oder Parameter; lade die Datei noch einmal herunter."
    ),
    "The section 'defaults' of {} may hold only steps, guidance and truncation; correct it.": (
        "Der Abschnitt „defaults“ von {} darf nur steps, guidance und truncation enthalten; berichtige ihn."
    ),
    "The config has {}: {}, which is not a usable number; download config.yaml again.": (
        "In der Konfiguration steht {}: {}, was keine brauchbare Zahl ist; lade config.yaml noch einmal herunter."
    ),
    "{} has no section '{}'; choose a folder with a complete checkpoint.": (
        "{} hat keinen Abschnitt „{}“; wähle einen Ordner mit einem vollständigen Modell."
    ),
    "{} cannot be read ({}); check its permissions and its disk.": (
        "{} lässt sich nicht lesen ({}); prüfe die Rechte und die Platte."
    ),
    "{} cannot be read as YAML; download it again.": ("{} lässt sich nicht als YAML lesen; lade die Datei noch einmal herunter."),
    "The section 'defaults' of {} has {}: {}, at most {} go; correct it.": (
        "Im Abschnitt „defaults“ von {} steht {}: {}, erlaubt sind höchstens {}; berichtige ihn."
    ),
    "{} holds no config.yaml; choose the folder that has it beside model.safetensors.": (
        "{} enthält keine config.yaml; wähle den Ordner, in dem sie neben model.safetensors liegt."
    ),
    "{} holds no config.yaml, but folders of several models; choose one of them: {}{}.": (
        "{} enthält keine config.yaml, aber Ordner mehrerer Modelle; wähle einen davon: {}{}."
    ),
    "{} holds no config.yaml beside {}; put the one that was published with it there (a file repackaged for another "
    "program cannot be used).": (
        "{} enthält keine config.yaml neben {}; lege die dazu, mit der es veröffentlicht wurde (eine für ein anderes "
        "Programm umgepackte Datei lässt sich nicht benutzen)."
    ),
    "There is no checkpoint folder {}: that is the name of a public model; download it from https://huggingface.co/{} and "
    "choose its folder.": (
        "Es gibt keinen Modellordner {}: So heißt ein öffentliches Modell; lade es von https://huggingface.co/{} und wähle "
        "seinen Ordner."
    ),
    "{} is a file without its config.yaml beside it; choose a folder that has both it and model.safetensors.": (
        "{} ist eine Datei ohne ihre config.yaml daneben; wähle einen Ordner, der sie und model.safetensors enthält."
    ),
    "There is no checkpoint folder {}; choose a folder with config.yaml and model.safetensors.": (
        "Es gibt keinen Modellordner {}; wähle einen Ordner mit config.yaml und model.safetensors."
    ),
    "The DiT and the VAE of {} have different latent channels; choose parts of one model.": (
        "Netz und Autoencoder von {} passen nicht zusammen; wähle Teile eines Modells."
    ),
    "The DiT, the image encoder and the image processor of {} do not fit together; download it again.": (
        "Netz, Bild-Encoder und Bildaufbereitung von {} passen nicht zusammen; lade das Modell noch einmal herunter."
    ),
    "The scheduler '{}' of {} is not supported; use another checkpoint.": (
        "Der Scheduler „{}“ von {} wird nicht unterstützt; nimm ein anderes Modell."
    ),
    "The config has border_ratio: {}, which leaves no room; download config.yaml again.": (
        "In der Konfiguration steht border_ratio: {}, was keinen Platz lässt; lade config.yaml noch einmal herunter."
    ),
    "The config has {}: {}, which is not a whole number up to {}; download config.yaml again.": (
        "In der Konfiguration steht {}: {}, was keine ganze Zahl bis {} ist; lade config.yaml noch einmal herunter."
    ),
    "The weights of {} are under the {}{}.": "Die Gewichte von {} stehen unter der {}{}.",
    "{} cannot be written ({}); check the disk.": "{} lässt sich nicht schreiben ({}); prüfe die Platte.",
    "The weight {}{} of {} holds numbers that are not finite in {}; download the file again.": (
        "Das Gewicht {}{} von {} enthält unendliche Zahlen in {}; lade die Datei noch einmal herunter."
    ),
    "{} does not fit its config.yaml: it {}; download both again.": (
        "{} passt nicht zu seiner config.yaml: {}; lade beides noch einmal herunter."
    ),
    "The config beside {} describes no network ({}); download it again.": (
        "Die Konfiguration neben {} beschreibt kein Netz ({}); lade sie noch einmal herunter."
    ),
    "{} has {}{} of shape {} where config.yaml asks for {}; the two files belong to different models.": (
        "{} hat {}{} der Form {}, wo config.yaml {} verlangt; die Dateien gehören zu verschiedenen Modellen."
    ),
    "{} is damaged or quantised for another program: {}{} is stored in {}; download the published file.": (
        "{} ist beschädigt oder für ein anderes Programm gepackt: {}{} liegt als {} vor; lade die veröffentlichte Datei herunter."
    ),
    "The VAE {} beside the model is not used: {} Until it is whole or gone, another one decodes.": (
        "Der Autoencoder {} neben dem Modell wird nicht benutzt: {} Bis er vollständig oder weg ist, dekodiert ein anderer."
    ),
    "The model '{}' came without the encoder that starting from a mesh needs; put its VAE with encoder beside it, or "
    "choose another model.": (
        "Das Modell „{}“ kam ohne den Encoder, den ein Mesh als Anfang braucht; lege seinen Autoencoder mit Encoder "
        "daneben oder wähle ein anderes Modell."
    ),
    "The VAE in {} belongs to another model than {}; choose the one made for it.": (
        "Der Autoencoder in {} gehört zu einem anderen Modell als {}; wähle den passenden."
    ),
    "{} holds no model.safetensors; choose the folder that has it beside config.yaml.": (
        "{} enthält kein model.safetensors; wähle den Ordner, in dem es neben config.yaml liegt."
    ),
    "{} lacks {}: the weights are in {} files; download what is missing, too.": (
        "{} fehlt {}: Die Gewichte liegen in {} Dateien; lade auch das Fehlende herunter."
    ),
    "{} holds several weights ({}); rename those that belong to config.yaml model.safetensors.": (
        "{} enthält mehrere Gewichte ({}); benenne die, die zu config.yaml gehören, in model.safetensors um."
    ),
    "{} is a link to a file that is gone; download the model again.": (
        "{} ist ein Verweis auf eine Datei, die es nicht mehr gibt; lade das Modell noch einmal herunter."
    ),
    "There is no file {}; choose a folder with a complete checkpoint.": (
        "Es gibt keine Datei {}; wähle einen Ordner mit einem vollständigen Modell."
    ),
    "{} is not a complete safetensors file (cut short, damaged, or another format such as a pickle); download it again.": (
        "{} ist keine vollständige safetensors-Datei (abgeschnitten, beschädigt oder ein anderes Format); lade sie noch "
        "einmal herunter."
    ),
    "{} is damaged, or holds more than weights, which is unsafe; download it again.": (
        "{} ist beschädigt oder enthält mehr als Gewichte, was unsicher ist; lade sie noch einmal herunter."
    ),
    "{} was changed while it was read; try again.": "{} wurde während des Lesens geändert; versuche es noch einmal.",
    "The device ran out of memory while decoding; close other programs that use it, or lower the resolution.": (
        "Der Speicher der Grafikkarte ging beim Dekodieren aus; schließe andere Programme oder wähle eine kleinere Netzfeinheit."
    ),
    "The attention kernel is not used ({}); decoding is somewhat slower.": (
        "Der schnelle Rechenkern wird nicht benutzt ({}); das Dekodieren ist etwas langsamer."
    ),
    "The encoder reads {} features a point, which is not supported; 3 and 4 are.": (
        "Der Encoder liest {} Merkmale je Punkt, was nicht geht; 3 und 4 gehen."
    ),
    "The generated mesh has no faces; use another seed, another surface level or a clearer image.": (
        "Das erzeugte Mesh hat keine Flächen; nimm einen anderen Startwert, einen anderen Iso-Wert oder ein klareres Bild."
    ),
    "'{}' cannot be written ({}); choose another name or folder.": (
        "„{}“ lässt sich nicht schreiben ({}); wähle einen anderen Namen oder Ordner."
    ),
    "The mesh is empty or has invalid vertices, so no file was written; generate it again.": (
        "Das Mesh ist leer oder hat ungültige Punkte, daher wurde nichts geschrieben; erzeuge es noch einmal."
    ),
    "'{}' does not end in {}; choose one of these formats.": "„{}“ endet nicht auf {}; wähle eines dieser Formate.",
    "'{}' may not be written; close programs that use it, or choose another folder.": (
        "„{}“ darf nicht geschrieben werden; schließe Programme, die sie benutzen, oder wähle einen anderen Ordner."
    ),
    "The disk is full, so '{}' was not written; free some space or choose another folder.": (
        "Die Platte ist voll, daher wurde „{}“ nicht geschrieben; schaffe Platz oder wähle einen anderen Ordner."
    ),
    "The folder '{}' does not exist; create it or choose another.": (
        "Den Ordner „{}“ gibt es nicht; lege ihn an oder wähle einen anderen."
    ),
    "'{}' is the image itself, which the mesh would replace; choose another name for the mesh.": (
        "„{}“ ist das Bild selbst, das vom Mesh ersetzt würde; wähle einen anderen Namen für das Mesh."
    ),
    "'{}' is a folder; choose another name for the file.": "„{}“ ist ein Ordner; wähle einen anderen Namen für die Datei.",
    "The file '{}' exists already; choose another name or allow overwriting.": (
        "Die Datei „{}“ gibt es schon; wähle einen anderen Namen oder erlaube das Überschreiben."
    ),
    "The transparency of the image hides nothing, so the image was treated as an opaque one.": (
        "Die Transparenz des Bildes verdeckt nichts, daher wurde es wie ein undurchsichtiges behandelt."
    ),
    "Tiny specks beside the object were left out; erase them, or draw them larger if they belong to it.": (
        "Winzige Flecken neben dem Objekt wurden weggelassen; radiere sie weg oder zeichne sie größer, wenn sie dazugehören."
    ),
    "The object is hardly visible (at most {} % opaque), so it was made opaque.": (
        "Das Objekt ist kaum zu sehen (höchstens {} % deckend), daher wurde es undurchsichtig gemacht."
    ),
    "The object fills the whole picture and would become a slab; use an image with a plain background around the object or "
    "with transparency.": (
        "Das Objekt füllt das ganze Bild und würde eine Platte; nimm ein Bild mit einfarbigem Hintergrund um das Objekt "
        "oder mit Transparenz."
    ),
    "Removing the background left nothing; lower the threshold or set the background to 'keep'.": (
        "Nach dem Entfernen des Hintergrunds blieb nichts; verringere die Toleranz oder stelle den Hintergrund auf „Keine“."
    ),
    "rembg has no weights in '{}'; put u2net.onnx there or choose another background method.": (
        "rembg hat keine Gewichte in „{}“; lege u2net.onnx dort ab oder wähle ein anderes Verfahren."
    ),
    "rembg is not installed; run 'pip install rembg[cpu]' with the worker's Python or choose another background method.": (
        "rembg ist nicht installiert; wähle ein anderes Verfahren, oder rufe mit dem Python des Add-ons 'pip install "
        "rembg[cpu]' auf."
    ),
    "rembg failed ({}); choose another background method.": "rembg ist gescheitert ({}); wähle ein anderes Verfahren.",
    "The image '{}' is an empty file; save or download it again.": (
        "Das Bild „{}“ ist eine leere Datei; sichere es oder lade es noch einmal herunter."
    ),
    "The image '{}' {}.": "Das Bild „{}“ {}.",
    "The image '{}' has one colour only; choose one that shows an object.": (
        "Das Bild „{}“ hat nur eine Farbe; wähle eines, das ein Objekt zeigt."
    ),
    "There is no image '{}'; check its name and folder.": "Es gibt kein Bild „{}“; prüfe Namen und Ordner.",
    "'{}' is an address in the web; save the picture as a file and choose that.": (
        "„{}“ ist eine Adresse im Netz; sichere das Bild als Datei und wähle diese."
    ),
    "'{}' is a folder; choose an image file in it.": "„{}“ ist ein Ordner; wähle eine Bilddatei darin.",
    "The image '{}' may not be read; change its permissions or choose another.": (
        "Das Bild „{}“ darf nicht gelesen werden; ändere seine Rechte oder wähle ein anderes."
    ),
    "'{}' is a pipe or a device and not a file; choose an image file.": (
        "„{}“ ist eine Pipe oder ein Gerät und keine Datei; wähle eine Bilddatei."
    ),
    "The image '{}' cannot be opened ({}); check its name and permissions.": (
        "Das Bild „{}“ lässt sich nicht öffnen ({}); prüfe Namen und Rechte."
    ),
    "The image '{}' has more than {} megapixels; scale it down first.": (
        "Das Bild „{}“ hat mehr als {} Megapixel; verkleinere es zuerst."
    ),
    "'{}' is not an image that can be read; save it as {}.": "„{}“ ist kein Bild, das sich lesen lässt; sichere es als {}.",
    "The image '{}' is damaged ({}); save or download it again.": (
        "Das Bild „{}“ ist beschädigt ({}); sichere es oder lade es noch einmal herunter."
    ),
    "The image '{}' is fully transparent; choose one that shows an object.": (
        "Das Bild „{}“ ist ganz durchsichtig; wähle eines, das ein Objekt zeigt."
    ),
    "'{}' is a TIFF of a kind that cannot be read; save it as PNG, or as a usual TIFF (no BigTIFF, 8 or 16 bits a channel, "
    "no JPEG compression).": (
        "„{}“ ist ein TIFF von einer Art, die sich nicht lesen lässt; sichere es als PNG oder als übliches TIFF (kein BigTIFF, "
        "8 oder 16 Bit je Kanal, keine JPEG-Kompression)."
    ),
    "The image looks like a line drawing, so its outlines were filled; if the gaps in it are open, use an image with "
    "transparency and the background 'keep', or paint the object.": (
        "Das Bild sieht nach einer Strichzeichnung aus, daher wurden die Umrisse gefüllt; sind die Lücken darin offen, "
        "nimm ein Bild mit Transparenz und den Hintergrund „Keine“, oder male das Objekt aus."
    ),
    "Only thin lines are left of the image; if it is a drawing, close its outlines or fill the object with a colour that "
    "differs from the paper.": (
        "Vom Bild sind nur dünne Linien übrig; ist es eine Zeichnung, schließe die Umrisse oder fülle das Objekt mit einer "
        "Farbe, die sich vom Papier unterscheidet."
    ),
    "What lines enclose was taken for holes, as it has the colour of the background; if the image is a drawing, fill the "
    "object with a colour that differs from the paper.": (
        "Was Linien umschließen, galt als Loch, da es die Farbe des Hintergrunds hat; ist das Bild eine Zeichnung, fülle "
        "das Objekt mit einer Farbe, die sich vom Papier unterscheidet."
    ),
    "A flat grey area at the foot of the object may be its shadow; if it is, paint it over, or use an image with transparency.": (
        "Eine flache graue Stelle am Fuß des Objekts kann sein Schatten sein; ist sie es, übermale sie oder nimm ein Bild "
        "mit Transparenz."
    ),
    "Nothing in the image is visible; choose an image that shows an object.": (
        "Im Bild ist nichts zu sehen; wähle eines, das ein Objekt zeigt."
    ),
    "The config has {}: {}, which is not {} that a network can be built with; download config.yaml again.": (
        "In der Konfiguration steht {}: {}, was nicht {} ist, woraus sich ein Netz bauen lässt; lade config.yaml noch "
        "einmal herunter."
    ),
    "The config has unknown keys for {}: {}; a newer model version?": (
        "Die Konfiguration hat unbekannte Angaben für {}: {}; eine neuere Version des Modells?"
    ),
    "The config is incomplete for {}: it lacks {}; download it again.": (
        "Der Konfiguration fehlt etwas für {}: {}; lade sie noch einmal herunter."
    ),
    "The image encoder {} is not supported; DinoImageEncoder and DinoImageEncoderMV are.": (
        "Der Bild-Encoder {} wird nicht unterstützt; DinoImageEncoder und DinoImageEncoderMV schon."
    ),
    "The conditioner's config has unknown keys: {}.": "Die Konfiguration des Bild-Encoders hat unbekannte Angaben: {}.",
    "The conditioner's config has no sizes of its image encoder; download it again.": (
        "Der Konfiguration des Bild-Encoders fehlen die Größen; lade sie noch einmal herunter."
    ),
    "The conditioner's config has patches larger than its images; download it again.": (
        "Die Konfiguration des Bild-Encoders hat größere Kacheln als Bilder; lade sie noch einmal herunter."
    ),
    "The config has {}: {}, which is no multiple of {}: {}; download it again.": (
        "In der Konfiguration steht {}: {}, was kein Vielfaches von {}: {} ist; lade sie noch einmal herunter."
    ),
    "The config sets {} to {}, but only {} is supported; use another checkpoint.": (
        "Die Konfiguration setzt {} auf {}, aber nur {} geht; nimm ein anderes Modell."
    ),
    "The conditioner's config is incomplete: {} is missing.": (
        "Die Konfiguration des Bild-Encoders ist unvollständig: {} fehlt."
    ),
    "The memory is full; close other programs, lower the resolution, or choose a smaller model.": (
        "Der Speicher ist voll; schließe andere Programme, wähle eine kleinere Netzfeinheit oder ein kleineres Modell."
    ),
    "The device ran out of memory; close other programs that use it, lower the resolution, or use the CPU.": (
        "Der Speicher der Grafikkarte ging aus; schließe andere Programme, wähle eine kleinere Netzfeinheit oder nimm den "
        "Prozessor."
    ),
    "The device cannot compute this in the precision that is set ({}); set the precision to float32.": (
        "Das Gerät kann in der eingestellten Genauigkeit nicht rechnen ({}); stelle sie auf float32."
    ),
    "The generation was cancelled.": "Das Erzeugen wurde abgebrochen.",
    "The model '{}' takes one image, the front; remove the others or choose another model.": (
        "Das Modell „{}“ nimmt ein Bild, das von vorn; entferne die anderen oder wähle ein anderes Modell."
    ),
    "The model is {} ({}, stored in {}). It decodes with {}{}.": (
        "Das Modell ist {} ({}, gespeichert als {}). Es dekodiert mit {}{}."
    ),
    "The memory does not hold the weights of '{}' in {}: {}.": "Der Speicher fasst die Gewichte von „{}“ als {} nicht: {}.",
    "The files of the model '{}' changed while they were read; start again once they are whole.": (
        "Die Dateien des Modells „{}“ änderten sich beim Lesen; beginne noch einmal, wenn sie vollständig sind."
    ),
    "The model needs about {} and may take {}: the memory may not do.": (
        "Das Modell braucht etwa {} und darf {} nehmen: Der Speicher reicht vielleicht nicht."
    ),
    "The model may take {} of the graphics card: its parts take turns there.": (
        "Das Modell darf {} der Grafikkarte nehmen: Seine Teile wechseln sich dort ab."
    ),
    "8-bit arithmetic is not used where a model's parts take turns on the graphics card.": (
        "Mit 8 Bit wird nicht gerechnet, wo die Teile eines Modells sich auf der Grafikkarte abwechseln."
    ),
    "This device has no 8-bit arithmetic; the model runs in {}.": (
        "Dieses Gerät rechnet nicht mit 8 Bit; das Modell läuft als {}."
    ),
    "The model runs {} {} ({}).": "Das Modell läuft {} {} ({}).",
    "{}, or generate the mesh again.": "{}, oder erzeuge das Mesh noch einmal.",
    "The kept latents {} are not of the model '{}'; choose theirs.": (
        "Was behalten wurde ({}), ist nicht vom Modell „{}“; wähle das richtige."
    ),
    "{}; if the mesh looks wrong, choose the model that made them.": (
        "{}; sieht das Mesh falsch aus, wähle das Modell, von dem es stammt."
    ),
    "The files of the model have changed since it was loaded, so it is loaded anew.": (
        "Die Dateien des Modells haben sich geändert, seit es geladen wurde; es wird neu geladen."
    ),
    "The graphics card ran out of memory; from now on the model's parts take turns there.": (
        "Der Speicher der Grafikkarte ging aus; von jetzt an wechseln sich die Teile des Modells dort ab."
    ),
    "The model gives no finite numbers in {}; set the precision to float32.": (
        "Das Modell gibt unendliche Zahlen ({}); stelle die Genauigkeit auf float32."
    ),
    "The mesh has no two halves that are nearly alike; it stays as it was.": (
        "Das Mesh hat keine zwei Hälften, die fast gleich sind; es bleibt, wie es war."
    ),
    "The shape is not symmetric: it stays as it is.": "Die Form ist nicht symmetrisch: Sie bleibt, wie sie ist.",
    "The shape needs more than {} triangles to stay whole: the mesh has {}.": (
        "Die Form braucht mehr als {} Dreiecke, um ganz zu bleiben: Das Mesh hat {}."
    ),
    "The device ran out of memory; decoding goes on in chunks of {} queries.": (
        "Der Speicher ging aus; es geht in Stücken von {} Punkten weiter."
    ),
    "The device '{}' cannot be used: {}; choose auto or cpu.": (
        "Das Gerät „{}“ lässt sich nicht benutzen: {}; wähle Automatisch oder den Prozessor."
    ),
    "'{}' is not a device; use auto, cpu, cuda, cuda:1 or mps.": "„{}“ ist kein Gerät; nimm auto, cpu, cuda, cuda:1 oder mps.",
    "Sampling goes on without a CUDA graph (its answer differs by {}).": (
        "Das Erzeugen geht ohne CUDA-Graph weiter (seine Antwort weicht um {} ab)."
    ),
    "The time shift must be positive, not {}; correct it in the model's config.yaml.": (
        "Die Zeitverschiebung muss größer als null sein, nicht {}; berichtige sie in der config.yaml des Modells."
    ),
    "pcm_timesteps must be from 1 to {}, not {}; correct it in the model's config.yaml.": (
        "pcm_timesteps muss von 1 bis {} sein, nicht {}; berichtige es in der config.yaml des Modells."
    ),
    "Sampling needs at least 1 step, not {}.": "Es braucht mindestens 1 Schritt, nicht {}.",
    "The bounds must be one positive number or six numbers (minimum, maximum), not {}.": (
        "Die Grenzen müssen eine positive Zahl oder sechs Zahlen sein (Minimum, Maximum), nicht {}."
    ),
    "The generated shape is empty at this surface level; use a lower level, another seed or a clearer image.": (
        "Die erzeugte Form ist bei diesem Iso-Wert leer; nimm einen kleineren, einen anderen Startwert oder ein klareres Bild."
    ),
    "The background process cannot start with {} ({}: {}); install the project's requirements there, or choose another Python.": (
        "Der Hintergrundprozess lässt sich mit {} nicht starten ({}: {}); installiere dort, was er braucht, oder wähle ein "
        "anderes Python."
    ),
    "The generation failed unexpectedly ({}); please report it with the details.": (
        "Das Erzeugen ist unerwartet gescheitert ({}); bitte melde es mit den Einzelheiten."
    ),
    "The Python '{}' cannot be run ({}); choose another in the add-on's preferences.": (
        "Das Python „{}“ lässt sich nicht ausführen ({}); wähle in den Einstellungen des Add-ons ein anderes."
    ),
    "No Python with PyTorch was found; press Set Up, or choose one in the add-on's preferences.": (
        "Es wurde kein Python mit PyTorch gefunden; drücke auf Einrichten oder wähle eines in den Einstellungen des Add-ons."
    ),
    "The Python '{}' is a relative path; name it by its whole path in {}.": (
        "Das Python „{}“ ist ein relativer Pfad; nenne in {} den ganzen."
    ),
    "The Python '{}' does not exist; correct it in {}.": "Das Python „{}“ gibt es nicht; berichtige es in {}.",
    "The result could not be put into the scene ({}: {}); save the file and press Generate again.": (
        "Das Ergebnis ließ sich nicht in die Szene bringen ({}: {}); sichere die Datei und drücke noch einmal auf Erzeugen."
    ),
    "The background process was killed, most likely for want of memory; choose a lower resolution and press Generate again.": (
        "Der Hintergrundprozess wurde beendet, wahrscheinlich aus Mangel an Speicher; wähle eine kleinere Netzfeinheit und "
        "drücke noch einmal auf Erzeugen."
    ),
    "The background process was killed by another program or a user; press Generate to start a new one.": (
        "Der Hintergrundprozess wurde von einem anderen Programm oder Benutzer beendet; drücke auf Erzeugen, um einen "
        "neuen zu starten."
    ),
    "The background process stopped unexpectedly (exit status {}); press Generate to start a new one.": (
        "Der Hintergrundprozess endete unerwartet (Status {}); drücke auf Erzeugen, um einen neuen zu starten."
    ),
    "The Python '{}' cannot run the model ({}); choose another in the add-on's preferences.": (
        "Das Python „{}“ kann das Modell nicht ausführen ({}); wähle in den Einstellungen des Add-ons ein anderes."
    ),
    "The background process is busy with another generation; cancel it or wait for its end.": (
        "Der Hintergrundprozess erzeugt gerade etwas anderes; brich es ab oder warte auf sein Ende."
    ),
    "The background process sent a line without an end and was stopped; check which Python the preferences name.": (
        "Der Hintergrundprozess schickte eine Zeile ohne Ende und wurde angehalten; prüfe, welches Python die "
        "Einstellungen nennen."
    ),
    "The background process did not start within {} s; check which Python the add-on's preferences name.": (
        "Der Hintergrundprozess kam in {} s nicht in Gang; prüfe, welches Python die Einstellungen des Add-ons nennen."
    ),
    "The background process took nothing in for {} s and was stopped; press Generate to start a new one.": (
        "Der Hintergrundprozess nahm {} s lang nichts an und wurde angehalten; drücke auf Erzeugen, um einen neuen zu starten."
    ),
    "The background process was silent for {} s and was stopped; press Generate to start a new one.": (
        "Der Hintergrundprozess schwieg {} s lang und wurde angehalten; drücke auf Erzeugen, um einen neuen zu starten."
    ),
    "No folder for temporary files can be made ({}); free some disk space or correct the folder's permissions.": (
        "Es lässt sich kein Ordner für temporäre Dateien anlegen ({}); schaffe Platz oder ändere die Rechte des Ordners."
    ),
    "'{}' has no faces; choose a mesh with faces.": "„{}“ hat keine Flächen; wähle ein Mesh mit Flächen.",
    "'{}' was not kept editable; generate it again with Keep Editable switched on.": (
        "„{}“ wurde nicht bearbeitbar gehalten; erzeuge es noch einmal mit eingeschaltetem „Bearbeitbar halten“."
    ),
    "It is not known how '{}' was made; generate it again.": "Wie „{}“ entstand, ist nicht bekannt; erzeuge es noch einmal.",
    "What '{}' was made from is damaged; generate it again.": "Woraus „{}“ entstand, ist beschädigt; erzeuge es noch einmal.",
    "The object has no image; generate it with Texture from Image.": (
        "Das Objekt hat kein Bild; erzeuge es mit „Textur aus Bild“."
    ),
    "The image '{}', from which the texture of '{}' is, is lost; generate it again.": (
        "Das Bild „{}“, aus dem die Textur von „{}“ ist, ist verloren; erzeuge es noch einmal."
    ),
    "A batch is running; cancel it or wait for its end.": "Ein Stapel läuft; brich ihn ab oder warte auf sein Ende.",
    "'{}' was not written; free some space there or correct the folder's permissions.": (
        "„{}“ wurde nicht geschrieben; schaffe dort Platz oder ändere die Rechte des Ordners."
    ),
    "Press Update in the preferences.": "Drücke in den Einstellungen auf Aktualisieren.",
    "Set Unload After Idle in the preferences, or press Unload Model before a render.": (
        "Stelle in den Einstellungen „Entladen nach“ ein, oder drücke vor einem Rendern auf „Modell entladen“."
    ),
    "Press Resume or remove it in the preferences of FlashVDM, under Models.": (
        "Drücke auf Fortsetzen oder entferne es in den Einstellungen von FlashVDM, unter Modelle."
    ),
    "Remove the other flashvdm_core from this Python, or install the extension again.": (
        "Entferne das andere flashvdm_core aus diesem Python, oder installiere die Erweiterung noch einmal."
    ),
    "Press Set Up, or choose a Python that has PyTorch, in the preferences.": (
        "Drücke auf Einrichten, oder wähle in den Einstellungen ein Python, das PyTorch hat."
    ),
    "Copy the text of Blender's console into a bug report.": "Kopiere den Text aus Blenders Konsole in eine Fehlermeldung.",
    "Restart Blender; if it stays, install the extension again.": (
        "Starte Blender neu; wenn es bleibt, installiere die Erweiterung noch einmal."
    ),
    "Choose another Python in the add-on's preferences.": "Wähle in den Einstellungen des Add-ons ein anderes Python.",
    "Choose another Python in the preferences.": "Wähle in den Einstellungen ein anderes Python.",
    "There is no image yet; choose an image file first.": "Es gibt noch kein Bild; wähle zuerst eine Bilddatei.",
    "There is no block-out; select a mesh object first.": "Es gibt keine Rohform; wähle zuerst ein Mesh-Objekt aus.",
    "Blender is set to work offline; allow online access in its preferences, under System.": (
        "Blender arbeitet ohne Internet; erlaube den Zugriff in seinen Einstellungen unter System."
    ),
    "A model is being downloaded; pause it or wait for its end.": (
        "Ein Modell wird gerade heruntergeladen; halte es an oder warte auf sein Ende."
    ),
    "There is no model '{}'; the list is in the preferences.": (
        "Es gibt kein Modell „{}“; die Liste steht in den Einstellungen."
    ),
    "Allow Online Access in Blender's preferences under System, or set up from a folder.": (
        "Erlaube den Internetzugriff in Blenders Einstellungen unter System, oder richte aus einem Ordner ein."
    ),
    "What stands on Blender's own Python breaks with the next Blender; choose another Python.": (
        "Was auf Blenders eigenem Python steht, bricht mit dem nächsten Blender; wähle ein anderes Python."
    ),
    "Press Set Up first: it says what it would download.": "Drücke zuerst auf Einrichten: Es sagt, was es herunterlädt.",
    "This Blender was started without network; start it anew, or set up from a folder.": (
        "Dieses Blender wurde ohne Netz gestartet; starte es neu, oder richte aus einem Ordner ein."
    ),
    "Set Up is running; cancel it or wait for its end.": "Es wird gerade eingerichtet; brich es ab oder warte auf das Ende.",
    "The image '{}' has no pixels; choose another, or render it first.": (
        "Das Bild „{}“ hat keine Pixel; wähle ein anderes, oder rendere es zuerst."
    ),
    "The camera sees nothing; turn it to the object, or take the view instead.": (
        "Die Kamera sieht nichts; richte sie auf das Objekt, oder nimm die Ansicht."
    ),
    "There is nothing to be seen in this view; turn it to the object.": (
        "In dieser Ansicht ist nichts zu sehen; richte sie auf das Objekt."
    ),
    "The file of '{}' does not exist any more ({}); find it, or choose another image.": (
        "Die Datei von „{}“ gibt es nicht mehr ({}); suche sie, oder wähle ein anderes Bild."
    ),
    "The image in the clipboard cannot be read; save it and open the file.": (
        "Das Bild in der Zwischenablage lässt sich nicht lesen; sichere es und öffne die Datei."
    ),
    "The scene has no active camera; add one, or take the view instead.": (
        "Die Szene hat keine aktive Kamera; füge eine hinzu, oder nimm die Ansicht."
    ),
    "There is no 3D viewport here; call it from one.": "Hier ist keine 3D-Ansicht; rufe es aus einer auf.",
    "'{}' is a film; save one of its pictures as an image, and open that.": (
        "„{}“ ist ein Film; sichere eines seiner Bilder und öffne das."
    ),
    "Blender made no picture; look at its console for the reason, or open an image file.": (
        "Blender hat kein Bild gemacht; der Grund steht in seiner Konsole; oder öffne eine Bilddatei."
    ),
    "There is no window to paste in; open an image file instead.": (
        "Es gibt kein Fenster, in das sich einfügen ließe; öffne eine Bilddatei."
    ),
    "There is no image in the clipboard that Blender can read; copy one, or save it and open the file.": (
        "In der Zwischenablage ist kein Bild, das Blender lesen kann; kopiere eines, oder sichere es und öffne die Datei."
    ),
    "Nothing was rendered yet; render first, or take a Render Image.": (
        "Es wurde noch nichts gerendert; rendere zuerst, oder nimm „Bild rendern“."
    ),
    "There is no image '{}' in this file; choose another.": "In dieser Datei gibt es kein Bild „{}“; wähle ein anderes.",
}
"""The English template, each value a pair of braces -> the German one."""
