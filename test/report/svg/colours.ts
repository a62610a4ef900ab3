/** Colours that people with any colour vision tell apart (Okabe and Ito, 2008). */
export const BLUE = '#0072b2';
export const ORANGE = '#d55e00';
export const GREEN = '#009e73';
export const PURPLE = '#aa4499';
export const YELLOW = '#b8860b';
export const GREY = '#6e7781';
