import { Component, type ReactNode } from "react";
import { Button } from "../ui/button.tsx";
import { Empty } from "../ui/states.tsx";

interface Props {
  /** What is lost when it breaks: a panel's name. */
  readonly title: string;
  readonly children: ReactNode;
}

/** A bug in one panel stays in that panel. */
export class ErrorBoundary extends Component<Props, { error: Error | undefined }> {
  override state = { error: undefined as Error | undefined };

  static getDerivedStateFromError(error: unknown): { error: Error } {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <Empty
        icon="error"
        title={`${this.props.title} stopped because of a bug`}
        actions={
          <Button icon="reload" onClick={() => this.setState({ error: undefined })}>
            Show it again
          </Button>
        }
      >
        The rest of the window goes on. {error.message}
      </Empty>
    );
  }
}
