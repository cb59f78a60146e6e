//! A statement's first call, asked aside: without a register of the statement being given up for it.
//!
//! A call in the middle of a statement would have each call save the registers that must live over it,
//! also below the level: six instructions of eleven. Here the statement jumps to code that keeps all
//! registers that arguments come in, so that nothing is saved until then.
#![expect(unsafe_code, reason = "a call that the compiler is not told of")]

use super::{Callsite, Logger, installed};

/// What [`installed::admit`] says.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[inline(always)]
pub(super) fn admit(callsite: &'static Callsite, logger: &Logger) -> bool {
    use core::arch::asm;

    let admitted: u64;
    // SAFETY: `keep` changes no other register than those named here, asks nothing of how the stack is
    // aligned, and both references live over the call. What stands within 128 bytes below the stack's end
    // may be in use, so that is stepped over: to the compiler the stack is untouched, and a statement
    // needs no frame for this.
    unsafe {
        asm!(
            "lea rsp, [rsp - 128]",
            "call {keep}@PLT",
            "lea rsp, [rsp + 128]",
            keep = sym keep,
            inout("rax") callsite => admitted,
            inout("r11") logger => _,
            out("r10") _,
            out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _,
            out("xmm4") _, out("xmm5") _, out("xmm6") _, out("xmm7") _,
            out("xmm8") _, out("xmm9") _, out("xmm10") _, out("xmm11") _,
            out("xmm12") _, out("xmm13") _, out("xmm14") _, out("xmm15") _,
            out("xmm16") _, out("xmm17") _, out("xmm18") _, out("xmm19") _,
            out("xmm20") _, out("xmm21") _, out("xmm22") _, out("xmm23") _,
            out("xmm24") _, out("xmm25") _, out("xmm26") _, out("xmm27") _,
            out("xmm28") _, out("xmm29") _, out("xmm30") _, out("xmm31") _,
            out("k1") _, out("k2") _, out("k3") _, out("k4") _,
            out("k5") _, out("k6") _, out("k7") _,
            out("mm0") _, out("mm1") _, out("mm2") _, out("mm3") _,
            out("mm4") _, out("mm5") _, out("mm6") _, out("mm7") _,
            out("st(0)") _, out("st(1)") _, out("st(2)") _, out("st(3)") _,
            out("st(4)") _, out("st(5)") _, out("st(6)") _, out("st(7)") _,
            options(nostack),
        );
    }
    admitted & 0xff != 0
}

/// Keeps the six registers that arguments come in, and hands rax and r11 on as arguments.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[unsafe(naked)]
extern "C" fn keep() {
    core::arch::naked_asm!(
        "push rbp",
        "mov rbp, rsp",
        "push rdi",
        "push rsi",
        "push rdx",
        "push rcx",
        "push r8",
        "push r9",
        "and rsp, -16",
        "mov rdi, rax",
        "mov rsi, r11",
        "call {admit}",
        "mov rdi, [rbp - 8]",
        "mov rsi, [rbp - 16]",
        "mov rdx, [rbp - 24]",
        "mov rcx, [rbp - 32]",
        "mov r8, [rbp - 40]",
        "mov r9, [rbp - 48]",
        "leave",
        "ret",
        admit = sym admit_here,
    )
}

/// The same by the C convention.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
extern "C" fn admit_here(callsite: &'static Callsite, logger: &Logger) -> bool {
    installed::admit(callsite, logger)
}

/// What [`installed::admit`] says.
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
#[inline(always)]
pub(super) fn admit(callsite: &'static Callsite, logger: &Logger) -> bool {
    installed::admit(callsite, logger)
}
