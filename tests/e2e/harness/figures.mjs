//! One line of figures: what was measured, what came out, and the bound that it should keep.

export const print = (name, value, bound) => console.log(`${name.padEnd(44)} ${value.padEnd(22)} ${bound}`);
