"""Merges the translation template of a folder into its languages, and lists the missing translations of each."""

import sys
from pathlib import Path

import polib

folder = Path(sys.argv[1])
# Lines that change with each export but mean nothing.
NOISE = ("POT-Creation-Date", "PO-Revision-Date", "Last-Translator", "Language-Team")


def save(entries):
    for name in NOISE:
        entries.metadata.pop(name, None)
    entries.sort(key=lambda entry: (entry.msgid, entry.msgctxt or ""))
    entries.wrapwidth = 120
    entries.save()


template = polib.pofile(str(folder / "api_gateway.pot"))
save(template)
for path in sorted(folder.glob("*.po")):
    language = polib.pofile(str(path))
    language.merge(template)
    for entry in language.obsolete_entries():
        language.remove(entry)
    for entry in language.fuzzy_entries():
        entry.flags.remove("fuzzy")
        entry.msgstr = ""
    save(language)
    missing = language.untranslated_entries()
    print(f"{path.name}: {len(language)} strings, {len(missing)} without a translation")
    for entry in missing:
        print(f"  {entry.msgid!r}")
