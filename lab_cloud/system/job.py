"""Windows' job objects."""

import sys


class Job:
    """A Windows job object: what is in it dies together, and with the last handle to it."""

    def __init__(self, pid: int) -> None:
        if sys.platform == "win32":
            import ctypes
            from ctypes import wintypes

            self._kernel = kernel = ctypes.WinDLL("kernel32", use_last_error=True)
            kernel.CreateJobObjectW.restype = kernel.OpenProcess.restype = wintypes.HANDLE
            kernel.OpenProcess.argtypes = [wintypes.DWORD, wintypes.BOOL, wintypes.DWORD]
            kernel.SetInformationJobObject.argtypes = [wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD]
            kernel.AssignProcessToJobObject.argtypes = [wintypes.HANDLE, wintypes.HANDLE]
            kernel.TerminateJobObject.argtypes = [wintypes.HANDLE, wintypes.UINT]
            kernel.CloseHandle.argtypes = [wintypes.HANDLE]
            self._handle = kernel.CreateJobObjectW(None, None)
            # JOBOBJECT_EXTENDED_LIMIT_INFORMATION; its flags stand after two 64-bit times. 0x2000: KILL_ON_JOB_CLOSE.
            limits = (ctypes.c_ubyte * (144 if ctypes.sizeof(ctypes.c_void_p) == 8 else 112))()
            ctypes.cast(limits, ctypes.POINTER(wintypes.DWORD))[4] = 0x2000
            kernel.SetInformationJobObject(self._handle, 9, ctypes.byref(limits), ctypes.sizeof(limits))
            process = kernel.OpenProcess(0x0101, False, pid)  # PROCESS_SET_QUOTA | PROCESS_TERMINATE
            kernel.AssignProcessToJobObject(self._handle, process)
            kernel.CloseHandle(process)

    def kill(self, code: int) -> None:
        """End all that is in it."""
        if sys.platform == "win32" and self._handle:
            self._kernel.TerminateJobObject(self._handle, code)

    def close(self) -> None:
        """Give the handle back; what is still in the job dies."""
        if sys.platform == "win32" and self._handle:
            self._kernel.CloseHandle(self._handle)
            self._handle = None
