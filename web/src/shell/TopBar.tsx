import TopNavigation from "@cloudscape-design/components/top-navigation";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "react-router-dom";
import { signOut } from "../api/client";
import { useMe } from "../api/queries";
import { useNotices } from "./notices";
import { useTheme } from "./theme";

const THEMES = [
  { id: "system", text: "As the system" },
  { id: "light", text: "Light" },
  { id: "dark", text: "Dark" },
] as const;

/** The bar on top: where one is, the look, and who one is. */
export function TopBar() {
  const me = useMe().data;
  const navigate = useNavigate();
  const client = useQueryClient();
  const notices = useNotices();
  const { choice, choose } = useTheme();

  async function leave() {
    try {
      await signOut();
      client.clear();
      navigate("/sign-in");
    } catch (error) {
      notices.failed(error);
    }
  }

  return (
    <header id="top">
      <TopNavigation
        identity={{
          href: "/console/",
          title: "Custom Labels",
          onFollow: (event) => {
            event.preventDefault();
            void navigate("/");
          },
        }}
        utilities={[
          {
            type: "menu-dropdown",
            iconName: "settings",
            ariaLabel: "Look",
            title: "Look",
            items: THEMES.map(({ id, text }) => ({ id, text: id === choice ? `${text} ✓` : text })),
            onItemClick: ({ detail }) => choose(THEMES.find(({ id }) => id === detail.id)?.id ?? "system"),
          },
          { type: "button", text: me?.Region ?? "", ariaLabel: `Region ${me?.Region ?? ""}`, disableUtilityCollapse: false, onClick: () => void navigate("/account") },
          {
            type: "menu-dropdown",
            text: me?.User ?? "",
            description: me ? `Account ${me.Account}` : "",
            iconName: "user-profile",
            items: [
              { id: "account", text: "My account and keys" },
              { id: "leave", text: "Sign out" },
            ],
            onItemClick: ({ detail }) => (detail.id === "leave" ? void leave() : void navigate("/account")),
          },
        ]}
      />
    </header>
  );
}
