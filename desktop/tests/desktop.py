#!/usr/bin/python3
"""What of a Linux desktop the app talks to: the notification service and the host of tray icons, on the session bus.

It is driven by lines of JSON. It writes what happens ({"notification": ...}, {"tray": ...}) and answers requests:
{"do": "press", "id": 1} presses a notification, {"do": "tray"} tells the tray's icon and menu,
{"do": "choose", "text": "..."} chooses an item of the tray's menu.
"""

import base64
import json
import sys

import dbus
import dbus.mainloop.glib
import dbus.service
import gi

gi.require_version("GdkPixbuf", "2.0")
from gi.repository import GdkPixbuf, GLib  # noqa: E402

NOTIFICATIONS = "org.freedesktop.Notifications"
WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
PROPERTIES = "org.freedesktop.DBus.Properties"


def say(**what):
    print(json.dumps(what, ensure_ascii=False), flush=True)


class Notifications(dbus.service.Object):
    last = 0

    @dbus.service.method(NOTIFICATIONS, in_signature="susssasa{sv}i", out_signature="u")
    def Notify(self, app, replaces, icon, summary, body, actions, hints, timeout):
        self.last += 1
        say(notification={
            "id": self.last, "app": str(app), "summary": str(summary), "body": str(body),
            "actions": [str(action) for action in actions], "entry": str(hints.get("desktop-entry", "")),
        })
        return self.last

    @dbus.service.method(NOTIFICATIONS, out_signature="as")
    def GetCapabilities(self):
        return ["actions", "body", "body-markup"]

    @dbus.service.method(NOTIFICATIONS, out_signature="ssss")
    def GetServerInformation(self):
        return ("test", "Besedka", "1", "1.2")

    @dbus.service.method(NOTIFICATIONS, in_signature="u")
    def CloseNotification(self, number):
        self.NotificationClosed(number, 3)

    @dbus.service.signal(NOTIFICATIONS, signature="us")
    def ActionInvoked(self, number, action):
        pass

    @dbus.service.signal(NOTIFICATIONS, signature="uu")
    def NotificationClosed(self, number, reason):
        pass


class Watcher(dbus.service.Object):
    item = None

    @dbus.service.method(WATCHER, in_signature="s", sender_keyword="sender")
    def RegisterStatusNotifierItem(self, path, sender=None):
        self.item = (sender, path if path.startswith("/") else "/StatusNotifierItem")
        say(tray=str(path))

    @dbus.service.method(PROPERTIES, in_signature="ss", out_signature="v")
    def Get(self, interface, name):
        return {"IsStatusNotifierHostRegistered": True, "ProtocolVersion": 0}.get(str(name), [])

    @dbus.service.method(PROPERTIES, in_signature="s", out_signature="a{sv}")
    def GetAll(self, interface):
        return {"IsStatusNotifierHostRegistered": True, "ProtocolVersion": 0}

    def get(self, name):
        sender, path = self.item
        return bus.get_object(sender, path).Get(ITEM, name, dbus_interface=PROPERTIES)

    def menu(self):
        return bus.get_object(self.item[0], self.get("Menu"))

    def items(self):
        _, root = self.menu().GetLayout(0, -1, [], dbus_interface=MENU)
        found = []

        def walk(node):
            number, properties, children = node
            if "label" in properties:
                found.append((int(number), str(properties["label"]).replace("_", "")))
            for child in children:
                walk(child)

        walk(root)
        return found

    def describe(self):
        # The icon's name is a file. How many of its pixels have the colour of the number.
        file = str(self.get("IconName"))
        icon = GdkPixbuf.Pixbuf.new_from_file(file)
        pixels, width = icon.get_pixels(), icon.get_n_channels()
        red = sum(
            tuple(pixels[y * icon.get_rowstride() + x * width:][:3]) == (0xD0, 0x2A, 0x2A)
            for y in range(icon.get_height()) for x in range(icon.get_width()))
        with open(file, "rb") as picture:
            png = base64.b64encode(picture.read()).decode()
        return {"file": file, "red": red, "png": png, "menu": [label for _, label in self.items()]}

    def choose(self, text):
        for number, label in self.items():
            if text in label:
                self.menu().Event(number, "clicked", dbus.Int32(0), dbus.UInt32(0), dbus_interface=MENU)
                return
        raise LookupError(f"{text} is not in the tray's menu")


def heard(stream, _):
    line = stream.readline()
    if not line:
        loop.quit()
        return False
    asked = json.loads(line)
    try:
        answer = None
        if asked["do"] == "press":
            notifications.ActionInvoked(asked["id"], "default")
            notifications.NotificationClosed(asked["id"], 2)
        elif asked["do"] == "tray":
            answer = watcher.describe()
        elif asked["do"] == "choose":
            watcher.choose(asked["text"])
        say(answer=answer)
    except Exception as error:  # The test says what was wrong.
        say(error=str(error))
    return True


dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
bus = dbus.SessionBus()
names = [dbus.service.BusName(name, bus, do_not_queue=True) for name in (NOTIFICATIONS, WATCHER)]
notifications = Notifications(bus, "/org/freedesktop/Notifications")
watcher = Watcher(bus, "/StatusNotifierWatcher")
GLib.io_add_watch(sys.stdin, GLib.IO_IN | GLib.IO_HUP, heard)
loop = GLib.MainLoop()
say(ready=True)
loop.run()
