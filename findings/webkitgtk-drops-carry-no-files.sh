#!/bin/sh
# Tool: WebKitGTK 2.50.6 (Debian 12: libwebkit2gtk-4.1-0 2.50.6-1~deb12u2), with GTK 3.24, Xvfb and xdotool of the same Debian.
#
# A file that is dragged from another program onto a page arrives there as text: the event `drop` has the types text/uri-list and
# text/html, and `dataTransfer.files` is empty. So a page that takes dropped files takes none in an app on this webview (Tauri's
# with its own handler of drops turned off, for one), and tests that make an event with files by themselves do not notice. The
# app has to take the drop from GTK before the webview does.
#
# Seen: the page reports {"types":["text/uri-list","text/html"],"files":0}; the source was asked for the file's address.
#
# The packages are unpacked in a temporary folder and run in it by chroot, as root.
set -eu
# What is started here ends with this script, and what is mounted goes.
[ -n "${IN_NAMESPACE-}" ] || IN_NAMESPACE=1 exec unshare --mount --pid --fork --kill-child sh "$0"
folder=$(mktemp -d)
trap 'umount --lazy "$folder/root/proc" 2>/dev/null; rm -rf --one-file-system "$folder"' EXIT
cd "$folder"
mkdir packages root
wanted="libwebkit2gtk-4.1-0 gir1.2-webkit2-4.1 gir1.2-gtk-3.0 python3-gi xvfb xdotool dash coreutils fonts-dejavu-core
    shared-mime-info libglib2.0-bin libc-bin"
version=2.50.6-1~deb12u2
# shellcheck disable=SC2086 # a list of names
closure=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances \
    $wanted | grep '^[a-z0-9]' | grep -v ':i386$' | sort -u)
# Names that several packages provide have no candidate of their own.
# shellcheck disable=SC2086
apt-cache policy $closure | awk -v version=$version '
    /^[a-z0-9].*:$/ { name = substr($0, 1, length($0) - 1) }
    /^  Candidate:/ && $2 != "(none)" { print name ~ /webkit2|javascriptcoregtk/ ? name "=" version : name }' >list
cd packages
xargs apt-get -qq -o APT::Sandbox::User=root download <../list
cd ..
for package in packages/*.deb; do dpkg -x "$package" root; done
rm -r packages
mkdir -p root/tmp root/proc root/dev/shm root/root
mount -t proc proc root/proc
for device in null:3 zero:5 random:8 urandom:9; do mknod -m 666 "root/dev/${device%:*}" c 1 "${device#*:}"; done
inside() { chroot root env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 NO_AT_BRIDGE=1 GDK_BACKEND=x11 \
    WEBKIT_DISABLE_COMPOSITING_MODE=1 LIBGL_ALWAYS_SOFTWARE=1 "$@"; }
inside ldconfig
inside glib-compile-schemas /usr/share/glib-2.0/schemas
inside update-mime-database /usr/share/mime >/dev/null 2>&1 || true
for pixbuf in root/usr/lib/*/gdk-pixbuf-2.0/gdk-pixbuf-query-loaders; do
    inside "${pixbuf#root}" --update-cache 2>/dev/null || true
done

echo plan >root/tmp/plan.txt
cat >root/tmp/page.py <<'P'
import gi
gi.require_version('Gtk', '3.0')
gi.require_version('WebKit2', '4.1')
from gi.repository import Gtk, WebKit2
manager = WebKit2.UserContentManager()
manager.register_script_message_handler('said')
manager.connect('script-message-received::said', lambda _, said: print(said.get_js_value().to_string(), flush=True))
window = Gtk.Window(title='page', type=Gtk.WindowType.POPUP)
window.set_default_size(400, 400)
window.move(400, 0)
view = WebKit2.WebView.new_with_user_content_manager(manager)
view.connect('load-changed', lambda _, event: event == WebKit2.LoadEvent.FINISHED and print('loaded', flush=True))
window.add(view)
view.load_html('''<body style="height:100vh;margin:0"><script>
document.ondragover = (event) => event.preventDefault()
document.ondrop = (event) => {
  event.preventDefault()
  const { types, files } = event.dataTransfer
  window.webkit.messageHandlers.said.postMessage(JSON.stringify({ types: [...types], files: files.length }))
}
</script>''', 'https://page.example/')
window.show_all()
Gtk.main()
P
cat >root/tmp/source.py <<'P'
import gi
gi.require_version('Gtk', '3.0')
from gi.repository import Gdk, Gtk
window = Gtk.Window(title='source', type=Gtk.WindowType.POPUP)
window.set_default_size(300, 400)
window.move(0, 0)
file = Gtk.EventBox()
file.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [], Gdk.DragAction.COPY)
file.drag_source_add_uri_targets()
def give(_, context, data, info, time):
    data.set_uris(['file:///tmp/plan.txt'])
    print('asked', flush=True)
file.connect('drag-data-get', give)
window.add(file)
window.show_all()
print('shown', flush=True)
Gtk.main()
P
# wait_for TEXT FILE: until a line is in it, two minutes at most.
wait_for() {
    for _ in $(seq 240); do
        ! grep -q "$1" "$2" || return 0
        sleep 0.5
    done
    echo "Changed: no $1"
    cat "$2"
    exit 1
}
inside Xvfb :97 -screen 0 800x400x24 -nolisten tcp >xvfb.log 2>&1 &
for _ in $(seq 100); do [ -e root/tmp/.X11-unix/X97 ] && break; sleep 0.1; done
inside env DISPLAY=:97 python3 /tmp/page.py >page.log 2>&1 &
inside env DISPLAY=:97 python3 /tmp/source.py >source.log 2>&1 &
wait_for loaded page.log
wait_for shown source.log
pointer() { inside env DISPLAY=:97 xdotool "$@"; }
pointer mousemove 100 200 mousedown 1
for x in 110 130 160 200 300 420 500 560 600 600; do pointer mousemove "$x" 200 sleep 0.2; done
pointer mouseup 1
wait_for files page.log
wait_for asked source.log
seen=$(grep files page.log)
echo "$seen"
[ "$seen" = '{"types":["text/uri-list","text/html"],"files":0}' ] || { echo "Changed: the page got something else"; exit 1; }
echo "As described: a dropped file is no file to the page"
