import { TriangleAlert } from 'lucide-react'
import { Component, type ContextType, type ReactNode } from 'react'
import { Button } from '@/components/Button'
import { Empty } from '@/components/Empty'
import { TextsContext } from '@/lib/i18n'

/// Shows a reload button when rendering fails, most often because the server was updated while the page was open.
export class ErrorBoundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  static override contextType = TextsContext
  declare context: ContextType<typeof TextsContext>
  override state = { failed: false }

  static getDerivedStateFromError() {
    return { failed: true }
  }

  override render() {
    if (!this.state.failed) return this.props.children
    const { t } = this.context
    return (
      <main style={{ height: '100dvh' }}>
        <Empty icon={<TriangleAlert size={32} />} title={t('problem.unknown')}>
          <p>{t('app.broken')}</p>
          <Button look="main" onClick={() => location.reload()}>{t('app.reload')}</Button>
        </Empty>
      </main>
    )
  }
}
