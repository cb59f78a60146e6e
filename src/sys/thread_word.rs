//! One word of each thread, found by two instructions that leave all registers as they are.
//!
//! The log path keeps its thread's state there (`call/thread.rs`). A thread-local of Rust is found by a
//! call in code that could be part of a shared library, and what is in registers has to be saved around
//! it, which costs more than the rest of a short call's entry. Never a destructor, never allocated late.
#![expect(unsafe_code, reason = "a thread-local word that is addressed as the linker lays it out")]

#[cfg(target_arch = "x86_64")]
mod arch {
    use std::arch::{asm, global_asm};

    /// The word's symbol; two versions of this library in one program have one each.
    macro_rules! symbol {
        () => {
            concat!("logring_word_of_thread_", env!("CARGO_PKG_VERSION"))
        };
    }

    global_asm!(
        concat!(".pushsection .tdata.", symbol!(), ",\"awT\",@progbits"),
        ".balign 8",
        concat!(".globl ", symbol!()),
        concat!(".hidden ", symbol!()),
        concat!(".type ", symbol!(), ",@object"),
        concat!(".size ", symbol!(), ",8"),
        concat!(symbol!(), ":"),
        ".quad {zeros}",
        ".popsection",
        zeros = sym super::ZEROS,
    );

    #[inline(always)]
    pub(crate) fn get() -> *const () {
        let word: *const ();
        // SAFETY: reads the calling thread's word, which every thread has from its start to its end.
        unsafe {
            asm!(
                concat!("mov {word}, qword ptr [rip + ", symbol!(), "@gottpoff]"),
                "mov {word}, qword ptr fs:[{word}]",
                word = out(reg) word,
                options(nostack, preserves_flags, readonly),
            );
        }
        word
    }

    pub(crate) fn set(word: *const ()) {
        // SAFETY: as above; nothing else stands in the word.
        unsafe {
            asm!(
                concat!("mov {at}, qword ptr [rip + ", symbol!(), "@gottpoff]"),
                "mov qword ptr fs:[{at}], {word}",
                at = out(reg) _,
                word = in(reg) word,
                options(nostack, preserves_flags),
            );
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod arch {
    use std::cell::Cell;

    thread_local! {
        static WORD: Cell<*const ()> = const { Cell::new((&raw const super::ZEROS).cast()) };
    }

    #[inline(always)]
    pub(crate) fn get() -> *const () {
        WORD.get()
    }

    pub(crate) fn set(word: *const ()) {
        WORD.set(word);
    }
}

/// Zeros that are never written.
#[repr(C, align(128))]
pub(crate) struct Zeros([u8; ZEROS_BYTES]);

/// How many zeros a word points to that nobody has set.
pub(crate) const ZEROS_BYTES: usize = 1024;

/// What a thread's word points to at first.
pub(crate) static ZEROS: Zeros = Zeros([0; ZEROS_BYTES]);

/// The calling thread's word; until it is set a pointer to [`ZEROS`].
#[inline(always)]
pub(crate) fn get() -> *const () {
    arch::get()
}

/// Sets the calling thread's word.
pub(crate) fn set(word: *const ()) {
    arch::set(word);
}

#[cfg(test)]
mod tests {
    use std::ptr;

    #[test]
    fn each_thread_has_its_own() {
        let here = 7u8;
        let before = super::get();
        super::set(ptr::from_ref(&here).cast());
        std::thread::spawn(|| assert_eq!(super::get(), (&raw const super::ZEROS).cast()))
            .join()
            .expect("no panic");
        assert_eq!(super::get(), ptr::from_ref(&here).cast());
        super::set(before);
    }
}
