#!/usr/bin/python3
"""A program out of which files can be dragged: a window at the right edge of the screen. Prints "shown", and "asked" when it is
asked for the files.

drag_source.py FILE...
"""

import sys
from pathlib import Path

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, Gtk  # noqa: E402


def give(_widget, _context, data, _info, _time):
    data.set_uris([Path(file).as_uri() for file in sys.argv[1:]])
    print("asked", flush=True)


window = Gtk.Window(title="files", type=Gtk.WindowType.POPUP)
window.set_default_size(200, 200)
window.move(window.get_screen().get_width() - 200, 0)
files = Gtk.EventBox()
files.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [], Gdk.DragAction.COPY)
files.drag_source_add_uri_targets()
files.connect("drag-data-get", give)
window.add(files)
window.connect("map-event", lambda *_: print("shown", flush=True))
window.show_all()
Gtk.main()
