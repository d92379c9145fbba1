package local

import "syscall"

func interruptWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGINT }
