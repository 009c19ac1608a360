/* dialog.exe TITLE [BUTTON]: prints the texts of the dialog with this title, in UTF-8, and presses the button with this text. Ends with
   1 if there is no such dialog. */
#include <stdio.h>
#include <wchar.h>
#include <windows.h>

static HWND found, button;
static const wchar_t *title, *pressed;

static void print(const wchar_t *text)
{
    char line[8192];
    int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, line, sizeof line, NULL, NULL);
    DWORD written;
    if (size < 2) return;
    line[size - 1] = '\n';
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), line, (DWORD)size, &written, NULL);
}

static BOOL CALLBACK top(HWND window, LPARAM unused)
{
    wchar_t class[64], text[256];
    (void)unused;
    GetClassNameW(window, class, 64);
    GetWindowTextW(window, text, 256);
    /* NSIS ends some titles with a space. */
    for (wchar_t *end = text + wcslen(text); end > text && end[-1] == L' ';) *--end = 0;
    if (IsWindowVisible(window) && !wcscmp(class, L"#32770") && !wcscmp(text, title)) found = window;
    return !found;
}

static BOOL CALLBACK child(HWND window, LPARAM unused)
{
    wchar_t text[4096];
    (void)unused;
    SendMessageW(window, WM_GETTEXT, 4096, (LPARAM)text);
    print(text);
    if (pressed && !wcscmp(text, pressed)) button = window;
    return TRUE;
}

int wmain(int count, wchar_t **arguments)
{
    if (count < 2) return 2;
    title = arguments[1];
    pressed = count > 2 ? arguments[2] : NULL;
    EnumWindows(top, 0);
    if (!found) return 1;
    EnumChildWindows(found, child, 0);
    if (button) PostMessageW(button, BM_CLICK, 0, 0);
    return pressed && !button;
}
