import { TriangleAlert } from 'lucide-react'
import { Component, type ReactNode } from 'react'
import { Button } from '@/components/Button'
import { Empty } from '@/components/Empty'
import { t } from '@/lib/i18n'

/// Shows a reload button when rendering fails, most often because the server was updated while the page was open.
export class ErrorBoundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false }

  static getDerivedStateFromError() {
    return { failed: true }
  }

  override render() {
    if (!this.state.failed) return this.props.children
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
