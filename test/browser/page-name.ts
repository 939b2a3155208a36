/** Under which name the page offers its functions. */
export const PAGE_NAME = "parleyPage";
