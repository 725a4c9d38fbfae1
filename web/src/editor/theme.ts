import * as tokens from "@cloudscape-design/design-tokens";
import type { CSSProperties } from "react";

/** Cloudscape's colours, light and dark, under the names that `editor.css` uses. */
export const theme = {
  "--editor-surface": tokens.colorBackgroundContainerContent,
  "--editor-backdrop": tokens.colorBackgroundLayoutMain,
  "--editor-text": tokens.colorTextBodyDefault,
  "--editor-muted": tokens.colorTextBodySecondary,
  "--editor-heading": tokens.colorTextHeadingDefault,
  "--editor-divider": tokens.colorBorderDividerDefault,
  "--editor-control": tokens.colorBackgroundInputDefault,
  "--editor-control-border": tokens.colorBorderInputDefault,
  "--editor-chosen": tokens.colorBackgroundItemSelected,
  "--editor-chosen-border": tokens.colorBorderItemSelected,
  "--editor-hover": tokens.colorBackgroundDropdownItemHover,
  "--editor-focus": tokens.colorBorderItemFocused,
  fontFamily: tokens.fontFamilyBase,
} as CSSProperties;
