import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { assertWellBehaved, bubble, chatRow, close, device, field, gone, history, open, register, say, signUp, unique } from './lib.mjs'

before(open)
after(close)
afterEach(assertWellBehaved)

test('a group is made, joined, renamed and left', async () => {
  const tag = unique()
  const [a, b] = await Promise.all([device(), device()])
  const boris = await signUp(b, `Борис ${tag}`)
  const vera = await register(`Вера ${tag}`)
  const anna = await signUp(a, `Анна ${tag}`)
  const { page } = anna

  await page.getByRole('button', { name: 'Новый чат' }).first().click()
  await page.getByRole('button', { name: 'Новая группа' }).click()
  await page.getByLabel('Название группы').fill(`Отдел ${tag}`)
  await page.getByRole('dialog').getByRole('searchbox').fill(boris.name)
  await page.getByRole('dialog').getByRole('button', { name: new RegExp(boris.name) }).click()
  await page.getByRole('button', { name: 'Создать группу' }).click()
  await page.getByRole('heading', { level: 1, name: `Отдел ${tag}` }).waitFor()
  await page.locator('header').getByText('2 участника').waitFor()

  await say(page, 'Всем привет')
  await chatRow(boris.page, `Отдел ${tag}`).click()
  await bubble(boris.page, 'Всем привет').getByText(anna.name).waitFor()

  await page.getByRole('button', { name: 'О чате' }).click()
  await page.getByRole('button', { name: 'Добавить участников' }).click()
  await page.getByRole('dialog').getByRole('searchbox').fill(vera.display_name)
  await page.getByRole('dialog').getByRole('button', { name: new RegExp(vera.display_name) }).click()
  await page.getByText('Уже в группе').waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Закрыть' }).click()
  await page.getByRole('dialog').getByText('владелец').waitFor()
  await page.getByRole('button', { name: 'Настройки группы' }).click()
  await page.getByLabel('Название группы').fill(`Бюро ${tag}`)
  await page.getByRole('button', { name: 'Сохранить' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Закрыть' }).click()
  await boris.page.getByRole('heading', { level: 1, name: `Бюро ${tag}` }).waitFor()
  await boris.page.locator('header').getByText('3 участника').waitFor()
  await history(boris.page).getByText(`${anna.name} добавляет в группу: ${vera.display_name}`).waitFor()

  await boris.page.getByRole('button', { name: 'О чате' }).click()
  await boris.page.getByRole('button', { name: 'Выйти из группы' }).click()
  await boris.page.getByRole('button', { name: 'Да', exact: true }).click()
  await boris.page.getByText('Чат не найден').waitFor()
  await page.locator('header').getByText('2 участника').waitFor()
  await history(page).getByText(`${boris.name} выходит из группы`).waitFor()
  await Promise.all([a.close(), b.close()])
})

test('everything is done from the keyboard', async () => {
  const tag = unique()
  const context = await device()
  const { display_name } = await register(`Глеб ${tag}`)
  const { page } = await signUp(context, `Дарья ${tag}`)
  await page.keyboard.press('Control+KeyK')
  await page.waitForFunction(() => document.activeElement?.role === 'combobox')
  await page.keyboard.type(`Глеб ${tag}`)
  // While the letters come, others of that name may stand first.
  await page.getByRole('option', { name: new RegExp(display_name), selected: true }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: display_name }).waitFor()
  await field(page).waitFor()
  await page.waitForFunction(() => document.activeElement?.tagName === 'TEXTAREA')
  await page.keyboard.type('с клавиатуры')
  await page.keyboard.press('Enter')
  await bubble(page, 'с клавиатуры').getByRole('img', { name: 'Отправлено' }).waitFor()
  await page.keyboard.press('ArrowUp')
  await page.getByText('Редактирование').waitFor()
  await page.keyboard.press('Escape')
  await gone(page.getByText('Редактирование'))

  const wanted = ['Новый чат', 'О чате', 'Прикрепить файл', 'Записать голосовое', 'Сообщения']
  const reached = new Set()
  await page.locator('body').press('Tab')
  for (let step = 0; step < 60 && wanted.some((name) => !reached.has(name)); step++) {
    await page.keyboard.press('Tab')
    reached.add(await page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent))
  }
  for (const name of wanted) assert.ok(reached.has(name), `${name} is not reached: ${[...reached]}`)
  await page.keyboard.press('Escape')
  await page.getByText('Выберите чат').waitFor()
  await context.close()
})
