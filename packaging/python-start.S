/* The start program of the Python in the bundle for Linux on x86-64. It calls Py_BytesMain of libpython.
 *
 * python-build-standalone's own start program contains the whole interpreter, and the code that BOLT has moved a second
 * time. That is 3.4 MB more in the archive than libpython. The symbol version lets it run with every glibc from 2.17 on.
 */
	.symver start_main, __libc_start_main@GLIBC_2.2.5
	.text
	.globl _start
_start:
	xor %ebp, %ebp
	mov %rdx, %r9			/* rtld_fini */
	pop %rsi			/* argc */
	mov %rsp, %rdx			/* argv */
	and $-16, %rsp
	push %rax			/* keeps the stack aligned */
	push %rsp			/* stack_end */
	xor %r8d, %r8d			/* fini */
	xor %ecx, %ecx			/* init */
	mov Py_BytesMain@GOTPCREL(%rip), %rdi
	call *start_main@GOTPCREL(%rip)
	hlt
	.section .note.GNU-stack, "", @progbits
