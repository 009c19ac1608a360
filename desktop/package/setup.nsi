; The setup program of the desktop app: for one user, without an administrator, with an uninstaller.
; As the app: Windows for 32 bits says by itself that it cannot run it.
Target amd64-unicode
ManifestDPIAware true
RequestExecutionLevel user
SetCompressor /SOLID lzma
!include MUI2.nsh
!include FileFunc.nsh
!include LogicLib.nsh

!define KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\Besedka"
!define ID "org.besedka.desktop"
!define WEBVIEW_KEY "Microsoft\EdgeUpdate\Clients\{F3017226-FE2A-4295-8BDF-00C3A9A7E4C5}"
; Microsoft's own address of the setup program of WebView2; as in the app (trouble.rs).
!define WEBVIEW_URL "https://go.microsoft.com/fwlink/p/?LinkId=2124703"

Name "Besedka"
OutFile "${OUT}"
InstallDir "$LOCALAPPDATA\Programs\Besedka"
InstallDirRegKey HKCU "${KEY}" "InstallLocation"
VIProductVersion "${VERSION}.0"
VIAddVersionKey "ProductName" "Besedka"
VIAddVersionKey "FileDescription" "Besedka setup"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "LegalCopyright" "MIT OR Apache-2.0"

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_FINISHPAGE_RUN "$INSTDIR\besedka-desktop.exe"
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
; The first is for systems in any other language.
!insertmacro MUI_LANGUAGE "Russian"
!insertmacro MUI_LANGUAGE "English"
LangString RUNNING ${LANG_RUSSIAN} "Беседка сейчас запущена. Выйдите из неё (значок у часов, «Выйти из приложения») и нажмите «Повтор»."
LangString RUNNING ${LANG_ENGLISH} "Besedka is running. Quit it (its icon near the clock, Quit) and press Retry."
LangString WEBVIEW ${LANG_RUSSIAN} "На этом компьютере нет Microsoft Edge WebView2, без которого Беседка не откроется. В Windows 11 и обновлённой Windows 10 он есть.$\n$\nСкачать его с сайта Microsoft? Установите его до первого запуска Беседки.$\n${WEBVIEW_URL}"
LangString WEBVIEW ${LANG_ENGLISH} "Microsoft Edge WebView2 is missing on this computer, and Besedka does not open without it. Windows 11 and an up-to-date Windows 10 have it.$\n$\nDownload it from Microsoft's site? Install it before you start Besedka.$\n${WEBVIEW_URL}"
LangString DATA ${LANG_RUSSIAN} "Удалить и настройки с неотправленными сообщениями?"
LangString DATA ${LANG_ENGLISH} "Remove the settings and unsent messages too?"

Var Patience
Var IsUpdate

Function .onInit
  StrCpy $IsUpdate 0
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/UPDATE" $1
  ${IfNot} ${Errors}
    StrCpy $IsUpdate 1
    StrCpy $Patience 40
  ${EndIf}
  ; Where Microsoft says that one looks; 0.0.0.0 is what an uninstalled one leaves behind.
  ReadRegStr $0 HKLM "SOFTWARE\WOW6432Node\${WEBVIEW_KEY}" "pv"
  ${If} $0 == ""
  ${OrIf} $0 == "0.0.0.0"
    ReadRegStr $0 HKCU "Software\${WEBVIEW_KEY}" "pv"
  ${EndIf}
  ${If} $0 == ""
  ${OrIf} $0 == "0.0.0.0"
    MessageBox MB_YESNO|MB_ICONEXCLAMATION "$(WEBVIEW)" /SD IDNO IDNO later
    ExecShell "open" "${WEBVIEW_URL}"
    later:
  ${EndIf}
FunctionEnd

!macro FREE
  again:
  ${If} ${FileExists} "$INSTDIR\besedka-desktop.exe"
    ClearErrors
    FileOpen $0 "$INSTDIR\besedka-desktop.exe" a
    ${If} ${Errors}
      ; An update is started by the app itself, which takes a moment to end.
      ${If} $Patience > 0
        IntOp $Patience $Patience - 1
        Sleep 500
        Goto again
      ${EndIf}
      MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "$(RUNNING)" /SD IDCANCEL IDRETRY again
      Abort
    ${EndIf}
    FileClose $0
  ${EndIf}
!macroend

Section
  !insertmacro FREE
  SetOutPath "$INSTDIR"
  File "/oname=besedka-desktop.exe" "${BINARY}"
  File "/oname=WebView2Loader.dll" "${LOADER}"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  CreateShortcut "$SMPROGRAMS\Besedka.lnk" "$INSTDIR\besedka-desktop.exe"

  WriteRegStr HKCU "${KEY}" "DisplayName" "Besedka"
  WriteRegStr HKCU "${KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${KEY}" "DisplayIcon" "$INSTDIR\besedka-desktop.exe"
  WriteRegStr HKCU "${KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${KEY}" "NoModify" 1
  WriteRegDWORD HKCU "${KEY}" "NoRepair" 1
  ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
  WriteRegDWORD HKCU "${KEY}" "EstimatedSize" $0

  WriteRegStr HKCU "Software\Classes\besedka" "" "URL:Besedka"
  WriteRegStr HKCU "Software\Classes\besedka" "URL Protocol" ""
  WriteRegStr HKCU "Software\Classes\besedka\DefaultIcon" "" "$INSTDIR\besedka-desktop.exe,0"
  WriteRegStr HKCU "Software\Classes\besedka\shell\open\command" "" '"$INSTDIR\besedka-desktop.exe" "%1"'
  ; Notifications are named after it.
  WriteRegStr HKCU "Software\Classes\AppUserModelId\${ID}" "DisplayName" "Besedka"
  WriteRegStr HKCU "Software\Classes\AppUserModelId\${ID}" "IconUri" "$INSTDIR\besedka-desktop.exe"
  ${If} $IsUpdate = 1
    Exec '"$INSTDIR\besedka-desktop.exe"'
  ${EndIf}
SectionEnd

Section "Uninstall"
  !insertmacro FREE
  Delete "$INSTDIR\besedka-desktop.exe"
  Delete "$INSTDIR\WebView2Loader.dll"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  Delete "$SMPROGRAMS\Besedka.lnk"
  DeleteRegKey HKCU "${KEY}"
  DeleteRegKey HKCU "Software\Classes\besedka"
  DeleteRegKey HKCU "Software\Classes\AppUserModelId\${ID}"
  DeleteRegValue HKCU "Software\Microsoft\Windows\CurrentVersion\Run" "Besedka"
  MessageBox MB_YESNO|MB_ICONQUESTION|MB_DEFBUTTON2 "$(DATA)" /SD IDNO IDNO kept
  RMDir /r "$APPDATA\${ID}"
  RMDir /r "$LOCALAPPDATA\${ID}"
  kept:
SectionEnd
