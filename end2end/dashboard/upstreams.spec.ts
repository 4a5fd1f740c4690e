// How the targets of a route are: on the routes page, live, and in the form that says how they are probed.

import { freePort } from "../support/gateway.mjs";
import { expect, expectAccessible, signIn, test } from "./stand";

test.use({ viewport: { width: 1440, height: 900 } });

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`in the ${colorScheme} theme`, () => {
    test.use({ colorScheme });

    test("a route tells how many of its targets are up, and why the others are not", async ({
      page,
      gateway,
      upstream,
    }) => {
      const gone = `127.0.0.1:${await freePort()}`;
      const name = `Shared in the ${colorScheme}`;
      await gateway.route({
        route_name: name,
        match_path: `/${colorScheme}`,
        targets: [{ host: upstream.host }, { host: gone, weight: 3 }],
        health_check: { path: "/v1/models", interval_seconds: 1, unhealthy_after: 1 },
      });
      await signIn(page, gateway, "/routes");
      const row = page.getByRole("row").filter({ hasText: name });
      const badge = row.getByRole("button", { name: /1 of 2 up/ });
      await badge.click();
      const details = page.getByRole("group", { name: `Targets of ${name}` });
      await expect(details.getByRole("listitem").filter({ hasText: upstream.host })).toContainText("Up");
      const down = details.getByRole("listitem").filter({ hasText: gone });
      await expect(down).toContainText("Down");
      await expect(down).toContainText("cannot connect");
      await expectAccessible(page);
      // A press in it is no press on the row, which would open the form.
      await down.click();
      await expect(page.getByRole("dialog")).toHaveCount(0);
      await page.keyboard.press("Escape");
      await expect(details).toBeHidden();
    });
  });
}

test("the form switches health checks on, and says at the field what cannot work", async ({
  page,
  gateway,
  upstream,
}) => {
  await gateway.route({ route_name: "Unchecked", match_path: "/unchecked", target_host: upstream.host });
  await signIn(page, gateway, "/routes");
  await page.getByRole("row").filter({ hasText: "Unchecked" }).getByRole("link").click();
  const form = page.getByRole("dialog", { name: "Edit route" });
  await form.locator("summary").filter({ hasText: "Health checks" }).click();
  await form.getByLabel("Probe each target").check();
  await form.getByLabel("Every, seconds").fill("1");
  const timeout = form.getByLabel("Deadline, seconds");
  await timeout.fill("2");
  await timeout.blur();
  await expect(timeout).toHaveAttribute("aria-invalid", "true");
  await expectAccessible(page);
  await timeout.fill("");
  await form.getByRole("button", { name: "Save" }).click();
  await expect(form).toBeHidden();
  const row = page.getByRole("row").filter({ hasText: "Unchecked" });
  await expect(row.getByRole("button", { name: /^Up/ })).toBeVisible();
});
