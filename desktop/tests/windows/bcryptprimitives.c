/* Wine 8, as in Debian 12, has no bcryptprimitives.dll, with which Rust asks Windows for random numbers. Tests put this one
   beside the program; Windows has its own. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID data, ULONG size);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size)
{
    return SystemFunction036(data, (ULONG)size);
}
